"""What a worker answers for a task."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Call, Caller
from swflow.endpoint.retrying import code, persistently
from swflow.errors import PayloadError
from swflow.telemetry import metrics
from swflow.telemetry.logs import TaskLog
from swflow.values.failure import Report
from swflow.values.progress import DETAILS, MAX_DETAILS
from swflow.values.sealing import Sealer

_PATIENCE = timedelta(minutes=15)

STOPPED = Report("the worker was told to stop", None, retry=True, handed_back=True)


class Reply(NamedTuple):
    """What a task came to.

    Attributes:
        outcome: as in RespondActivityTaskCompleted.
        result: what the activity returned, if it did.
        report: how it failed, if it did.
    """

    outcome: Literal["completed", "failed", "canceled"]
    result: str | None = None
    report: Report | None = None

    @classmethod
    def failed(cls, report: Report) -> "Reply":
        """It failed."""
        return cls("failed", report=report)

    @property
    def operation(self) -> str:
        """What tells Amazon SWF."""
        return f"RespondActivityTask{self.outcome.capitalize()}"

    def is_plain(self, sealer: Sealer) -> bool:
        """Whether it travels as it is, for certain."""
        return self.report is None and (self.result is None or sealer.is_plain(self.result))

    def sealed(self, sealer: Sealer) -> dict[str, str]:
        """The operation's parameters.

        Raises:
            PayloadError: a payload could not be stored.
        """
        if self.report is not None:
            return self.report.sealed(sealer)
        return {} if self.result is None else {"result": sealer.seal(self.result, "the result")}


class Responder:
    """Answers one activity task.

    Answers are given for as long as it takes to get them through; one that comes too late, because
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
        answer = self._call("RecordActivityTaskHeartbeat", says)
        return bool(answer["cancelRequested"])

    def give(self, reply: Reply) -> None:
        """Answer."""
        try:
            says = self._patiently_sealed(reply)
            answer = partial(self._call, reply.operation, says)
            persistently(answer, "answering an activity task", _PATIENCE)
        except (BotoCoreError, ClientError, PayloadError) as error:
            self._not_taken(error)
        else:
            metrics.worked(self._log.kind, reply.outcome, self._log.seconds)

    async def give_by(self, caller: Caller, reply: Reply) -> None:
        """The same on an event loop."""
        try:
            if self.sealer.has_store and not reply.is_plain(self.sealer):
                says = await asyncio.to_thread(self._patiently_sealed, reply)
            else:
                says = reply.sealed(self.sealer)
            given = {"taskToken": self._task_token, **says}
            await caller.ask(Call(reply.operation, given, patience=_PATIENCE.total_seconds()))
        except (BotoCoreError, ClientError, PayloadError) as error:
            self._not_taken(error)
        else:
            metrics.worked(self._log.kind, reply.outcome, self._log.seconds)

    def hand_back(self, report: Report = STOPPED) -> bool:
        """Another worker is to do it; tried once, as there is no time for more. Whether that went.

        Args:
            report: why it is not done here.
        """
        with suppress(BotoCoreError, ClientError):
            self._call("RespondActivityTaskFailed", report.wire())
            return True
        return False

    def _call(self, operation: str, says: dict[str, str]) -> dict[str, Any]:
        return self._connection.transport.call(operation, {"taskToken": self._task_token, **says})

    def _patiently_sealed(self, reply: Reply) -> dict[str, str]:
        return persistently(partial(reply.sealed, self.sealer), "storing a payload", _PATIENCE)

    def _not_taken(self, error: BotoCoreError | ClientError | PayloadError) -> None:
        metrics.worked(self._log.kind, "unanswered", self._log.seconds)
        if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
            self._log.warning("too late: the task is not open any more; %s", error)
        else:
            self._log.error("the answer was not taken; the task will time out: %s", error)
