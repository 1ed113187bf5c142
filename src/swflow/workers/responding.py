"""What a worker answers for a task."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code, persistently
from swflow.errors import PayloadError
from swflow.telemetry import metrics
from swflow.telemetry.logs import TaskLog
from swflow.values.failure import Report
from swflow.values.progress import DETAILS, MAX_DETAILS

_PATIENCE = timedelta(minutes=15)

STOPPED = Report("the worker was told to stop", None, retry=True, handed_back=True)


class Responder:
    """The answers to one activity task.

    They are given for as long as it takes to get them through; one that comes too late, because
    the task timed out or its execution closed, is dropped, and the log says so.

    Attributes:
        sealer: of the domain.
    """

    def __init__(self, connection: Connection, task_token: str, log: TaskLog) -> None:
        self.sealer = connection.sealer
        self._connection = connection
        self._task_token = task_token
        self._log = log

    def heartbeat(self, details: str) -> bool:
        """Send a heartbeat; whether cancellation is asked for."""
        says = {}
        try:
            says["details"] = self.sealer.seal(details, DETAILS, MAX_DETAILS)
        except PayloadError as error:
            self._log.error("a heartbeat is sent without its details: %s", error)
        answer = self._call("RecordActivityTaskHeartbeat", **says)
        return bool(answer["cancelRequested"])

    def completed(self, result: str) -> None:
        """It is done."""
        self._give("completed", lambda: {"result": self.sealer.seal(result, "the result")})

    def failed(self, report: Report) -> None:
        """It failed."""
        self._give("failed", lambda: report.sealed(self.sealer))

    def cancelled(self) -> None:
        """It was cancelled, as was asked for."""
        self._give("canceled", dict)

    def hand_back(self) -> None:
        """Another worker is to do it; tried once, as there is no time for more."""
        with suppress(BotoCoreError, ClientError):
            self._call("RespondActivityTaskFailed", **STOPPED.wire())

    def _call(self, operation: str, **says: str) -> dict[str, Any]:
        return self._connection.transport.call(operation, {"taskToken": self._task_token, **says})

    def _give(self, outcome: str, sealed: Callable[[], dict[str, str]]) -> None:
        def respond() -> None:
            self._call(f"RespondActivityTask{outcome.capitalize()}", **sealed())

        try:
            persistently(respond, "answering an activity task", _PATIENCE)
            metrics.worked(self._log.kind, outcome, self._log.seconds)
        except (BotoCoreError, ClientError, PayloadError) as error:
            metrics.worked(self._log.kind, "unanswered", self._log.seconds)
            if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
                self._log.warning("too late: the task is not open any more; %s", error)
            else:
                self._log.error("the answer was not taken; the task will time out: %s", error)
