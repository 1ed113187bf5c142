"""What a worker answers for a task."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Call, Caller
from swflow.endpoint.retrying import code, persistently
from swflow.errors import PayloadError
from swflow.telemetry import metrics
from swflow.telemetry.logs import TaskLog
from swflow.values.failure import Report
from swflow.values.progress import DETAILS, MAX_DETAILS

_PATIENCE = timedelta(minutes=15)

STOPPED = Report("the worker was told to stop", None, retry=True, handed_back=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a task came to.

    Attributes:
        outcome: as in RespondActivityTaskCompleted.
        says: the parameters of that, with payloads that are not sealed yet.
    """

    outcome: Literal["completed", "failed", "canceled"]
    says: dict[str, str] = field(default_factory=dict)

    @classmethod
    def completed(cls, result: str) -> "Reply":
        """It is done."""
        return cls("completed", {"result": result})

    @classmethod
    def failed(cls, report: Report) -> "Reply":
        """It failed."""
        return cls("failed", report.wire())


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
            says = persistently(partial(self._sealed, reply), "storing a payload", _PATIENCE)
            answer = partial(self._call, _operation(reply), says)
            persistently(answer, "answering an activity task", _PATIENCE)
        except (BotoCoreError, ClientError, PayloadError) as error:
            self._not_taken(error)
        else:
            metrics.worked(self._log.kind, reply.outcome, self._log.seconds)

    async def give_by(self, caller: Caller, reply: Reply) -> None:
        """The same on an event loop."""
        try:
            says = await self._sealed_beside(reply)
            given = {"taskToken": self._task_token, **says}
            await caller.ask(Call(_operation(reply), given, patience=_PATIENCE.total_seconds()))
        except (BotoCoreError, ClientError, PayloadError) as error:
            self._not_taken(error)
        else:
            metrics.worked(self._log.kind, reply.outcome, self._log.seconds)

    def hand_back(self) -> None:
        """Another worker is to do it; tried once, as there is no time for more."""
        with suppress(BotoCoreError, ClientError):
            self._call("RespondActivityTaskFailed", STOPPED.wire())

    def _call(self, operation: str, says: dict[str, str]) -> dict[str, Any]:
        return self._connection.transport.call(operation, {"taskToken": self._task_token, **says})

    def _sealed(self, reply: Reply) -> dict[str, str]:
        match reply.outcome:
            case "completed":
                return {"result": self.sealer.seal(reply.says["result"], "the result")}
            case "failed":
                return reply.says | {"details": self.sealer.seal_failure(reply.says["details"])}
            case _:
                return reply.says

    async def _sealed_beside(self, reply: Reply) -> dict[str, str]:
        """In another thread, if the payload store may take its time."""
        if not self.sealer.has_store or all(map(self.sealer.is_plain, reply.says.values())):
            return self._sealed(reply)
        seal = partial(self._sealed, reply)
        return await asyncio.to_thread(persistently, seal, "storing a payload", _PATIENCE)

    def _not_taken(self, error: BotoCoreError | ClientError | PayloadError) -> None:
        metrics.worked(self._log.kind, "unanswered", self._log.seconds)
        if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
            self._log.warning("too late: the task is not open any more; %s", error)
        else:
            self._log.error("the answer was not taken; the task will time out: %s", error)


def _operation(reply: Reply) -> str:
    return f"RespondActivityTask{reply.outcome.capitalize()}"
