"""An execution of a workflow, for programs that look after it."""

import json
import time
from datetime import timedelta
from typing import Any, Generic, Self, TypeVar, cast, overload

from botocore.exceptions import ClientError

from swflow.authoring.signals import Signal
from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code, persistently
from swflow.errors import (
    UnknownExecution,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
)
from swflow.execution.history import Event, attributes
from swflow.execution.travelling import open_events
from swflow.values.failure import Report
from swflow.values.serialize import Codec, of_value

R = TypeVar("R")
T = TypeVar("T")

_FIRST_LOOK = 0.01
_LONGER = 1.1
_LONGEST_LOOK = 2.0
_PATIENCE = timedelta(minutes=1)
_CLOSED = frozenset(
    f"WorkflowExecution{how}"
    for how in ("Completed", "Failed", "Canceled", "TimedOut", "Terminated", "ContinuedAsNew")
)


class Execution(Generic[R]):
    """One execution of a workflow.

    Where it went on as a new execution, that one is told what this one can be told no more, and
    gives the result.

    Attributes:
        workflow_id: whom it is about.
        run_id: which of the executions with that id it is.
    """

    def __init__(
        self, connection: Connection, workflow_id: str, run_id: str, codec: Codec | None = None
    ) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self._connection = connection
        self._sealer = connection.sealer
        self._codec = codec

    def describe(self) -> dict[str, Any]:
        """What DescribeWorkflowExecution says."""
        answer = self._connection.swf.describe_workflow_execution(**self._this())
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def status(self) -> str:
        """OPEN, or how it closed: COMPLETED, FAILED, TIMED_OUT, TERMINATED, CANCELED, ..."""
        info = self.describe()["executionInfo"]
        return str(info.get("closeStatus") or info["executionStatus"])

    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self.status() == "OPEN"

    def history(self) -> list[Event]:
        """Every event so far, in order, as Amazon SWF gives them."""
        pages = self._connection.swf.get_paginator("get_workflow_execution_history")
        return [event for page in pages.paginate(**self._this()) for event in page["events"]]

    def result(self, timeout: timedelta | None = None) -> R:
        """Wait for the end, and give what the workflow returned.

        Where it goes on as a new execution, the end is that of the last one.

        Args:
            timeout: how long to wait; for ever if left out.

        Raises:
            TimeoutError: it is still open.
            WorkflowFailed: it raised an exception.
            WorkflowTimedOut: it took longer than its execution timeout.
            WorkflowTerminated: it was terminated.
            WorkflowCancelled: it was cancelled.
            PayloadError: what it gave cannot be fetched or decoded.
        """
        deadline = None if timeout is None else time.monotonic() + timeout.total_seconds()
        wait = _FIRST_LOOK
        run = self
        while True:
            last = run._close_event()
            if last and (successor := run._continued(last)):
                run = successor
            elif last:
                return cast("R", self._outcome(last))
            elif deadline is not None and time.monotonic() + wait > deadline:
                raise TimeoutError(f"execution {self.workflow_id!r} is still open after {timeout}")
            else:
                time.sleep(wait)
                wait = min(wait * _LONGER, _LONGEST_LOOK)

    @overload
    def signal(self, signal: Signal[None]) -> None: ...
    @overload
    def signal(self, signal: Signal[T], value: T) -> None: ...
    def signal(self, signal: Signal[Any], value: Any = None) -> None:
        """Tell it something while it runs.

        Args:
            signal: which signal.
            value: of the signal's type; left out where it carries none.

        Raises:
            SerializationError: the value is not of the signal's type, or is too long.
            PayloadError: it could not be stored.
            UnknownExecution: it is not open.
        """
        text = self._sealer.seal(signal.codec.dump_result(value), f"signal {signal.name!r}")
        said = {"signalName": signal.name, "input": text}
        self._tell("signal_workflow_execution", said)

    def cancel(self) -> None:
        """Ask it to end: its code is cancelled where it waits, and may clean up first.

        Raises:
            UnknownExecution: it is not open.
        """
        self._tell("request_cancel_workflow_execution", {})

    @overload
    def published(self) -> Any: ...
    @overload
    def published(self, kind: type[T]) -> T | None: ...
    def published(self, kind: Any = Any) -> Any:
        """What it showed of itself last, by `swflow.publish`; None if nothing.

        Args:
            kind: the type of what it shows; left out, that is plain JSON.

        Raises:
            SerializationError: it is of another type.
            PayloadError: it cannot be fetched or decoded.
        """
        text = self.describe().get("latestExecutionContext")
        if not text:
            return None
        codec = of_value(f"execution {self.workflow_id!r} publishes", kind)
        return codec.load_result(self._sealer.open(text))

    def terminate(self, reason: str) -> None:
        """End it now, without asking its code.

        Args:
            reason: why, for people; at most 256 characters.

        Raises:
            UnknownExecution: it is not open.
        """
        self._tell("terminate_workflow_execution", {"reason": reason})

    def _tell(self, operation: str, said: dict[str, Any]) -> None:
        run: Execution[R] | None = self
        while run is not None:
            this = {"workflowId": run.workflow_id, "runId": run.run_id}
            try:
                getattr(self._connection.swf, operation)(
                    domain=self._connection.domain, **this, **said
                )
            except ClientError as error:
                if code(error) != "UnknownResourceFault":
                    raise
                run = run._successor()  # noqa: SLF001 - it is another of these
            else:
                return
        raise UnknownExecution(f"execution {self.workflow_id!r} is not open")

    def _successor(self) -> Self | None:
        """The execution that this one went on as, if it did."""
        try:
            last = self._close_event()
        except ClientError as error:
            if code(error) != "UnknownResourceFault":
                raise
            return None
        return self._continued(last) if last else None

    def _continued(self, last: Event) -> Self | None:
        """What the event that closed it says it went on as."""
        if last["eventType"] != "WorkflowExecutionContinuedAsNew":
            return None
        run_id = attributes(last)["newExecutionRunId"]
        return type(self)(self._connection, self.workflow_id, run_id, self._codec)

    def _this(self) -> dict[str, Any]:
        execution = {"workflowId": self.workflow_id, "runId": self.run_id}
        return {"domain": self._connection.domain, "execution": execution}

    def _close_event(self) -> Event | None:
        """The event that closed it, as soon as the history shows it."""
        asked = {**self._this(), "reverseOrder": True, "maximumPageSize": 1}

        def look() -> Event | None:
            page = self._connection.transport.call("GetWorkflowExecutionHistory", asked)
            last: Event = page["events"][0]
            return last if last["eventType"] in _CLOSED else None

        return persistently(look, "waiting for a result", _PATIENCE)

    def _outcome(self, last: Event) -> Any:
        [opened] = open_events(self._sealer, [last])
        says = attributes(opened)
        who = f"execution {self.workflow_id!r}"
        match last["eventType"]:
            case "WorkflowExecutionCompleted" if self._codec is not None:
                return self._codec.load_result(says.get("result"))
            case "WorkflowExecutionCompleted":
                return json.loads(says.get("result") or "null")
            case "WorkflowExecutionFailed":
                report = Report.read(says.get("reason"), says.get("details"))
                raise WorkflowFailed(report.reason, report.details, retry=report.retry)
            case "WorkflowExecutionTimedOut":
                raise WorkflowTimedOut(f"{who} took longer than its execution timeout")
            case "WorkflowExecutionTerminated":
                raise WorkflowTerminated(f"{who} was terminated: {says.get('reason', 'no reason')}")
            case _:
                raise WorkflowCancelled(f"{who} was cancelled")
