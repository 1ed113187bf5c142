"""Activity tasks that are completed by somebody else than a worker, by their tokens."""

from typing import Any, Generic, TypeVar

from botocore.exceptions import ClientError

from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code
from swflow.errors import Failure, SwflowError, TaskNotOpen
from swflow.values.failure import Report
from swflow.values.progress import DETAILS, MAX_DETAILS, details_of
from swflow.values.serialize import Codec, of_value

R = TypeVar("R")

_CLOSED = "the task is not open: it was answered before, it timed out, or its execution closed"


class ActivityTask(Generic[R]):
    """A task whose activity raised `CompleteLater`; made by `Client.task`.

    Whoever has the token holds the task: a person's web page or another system. The task's timeouts
    go on. If its activity type has a heartbeat timeout, its holder sends heartbeats in time, or
    it times out as if its worker had died; an activity that waits for people has none.

    Every method raises TaskNotOpen if the task cannot be answered any more, and SwflowError if
    the token is none; so do those that take values where these cannot be stored.
    """

    def __init__(self, connection: Connection, token: str, codec: Codec | None) -> None:
        self._connection = connection
        self._token = token
        self._codec = codec or of_value("a task", Any)

    def complete(self, value: R) -> None:
        """The activity is done, and this is its result.

        Raises:
            SerializationError: the value is not what the activity says it returns, or is too long.
        """
        result = self._connection.sealer.seal(self._codec.dump_result(value), "the result")
        self._call("respond_activity_task_completed", result=result)

    def fail(self, failure: Failure) -> None:
        """The activity failed, as if it had raised this."""
        says = Report.of(failure).sealed(self._connection.sealer)
        self._call("respond_activity_task_failed", **says)

    def cancel(self) -> None:
        """The activity was cancelled.

        Raises:
            SwflowError: nobody asked for its cancellation.
        """
        self._call("respond_activity_task_canceled")

    def heartbeat(self, details: Any = None) -> bool:
        """Somebody is still at it.

        Args:
            details: as those of `swflow.heartbeat`.

        Returns:
            Whether its cancellation is asked for.

        Raises:
            SerializationError: the details cannot travel.
        """
        sealer = self._connection.sealer
        sealed = sealer.seal(details_of(details, sealer), DETAILS, MAX_DETAILS)
        answer = self._call("record_activity_task_heartbeat", details=sealed)
        return bool(answer["cancelRequested"])

    def _call(self, operation: str, **says: str) -> Any:
        try:
            return getattr(self._connection.swf, operation)(taskToken=self._token, **says)
        except ClientError as error:
            match code(error):
                case "UnknownResourceFault":
                    raise TaskNotOpen(_CLOSED) from error
                case "ValidationException" if "token" in str(error).lower():
                    raise SwflowError(f"this is no activity task's token: {error}") from error
                case _:
                    raise
