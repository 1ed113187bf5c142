"""One call of a workflow in a workflow: a child."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from swflow.errors import (
    ChildCancelled,
    ChildError,
    ChildFailed,
    ChildNotStarted,
    ChildTerminated,
    ChildTimedOut,
)
from swflow.execution.commands import Command
from swflow.execution.context import Context
from swflow.execution.history import Event, attributes
from swflow.execution.loop import Promise
from swflow.execution.promises import break_with, keep, same_payload, when_fulfilled
from swflow.execution.reuse import Result
from swflow.values.failure import Report

if TYPE_CHECKING:
    from swflow.authoring.workflow import WorkflowType

R = TypeVar("R")

_MAX_PARENT_ID = 200


class Child(Promise[R]):
    """The result of a child workflow that is still to come.

    Cancelling it requests the child's cancellation, and gives up waiting at once.

    Attributes:
        workflow_id: the child's, to signal it by: `external(child.workflow_id)`.
        started: kept with the child's run id once it is started.
    """

    workflow_id: str
    started: Promise[str]


class ChildCall:
    """A call, from the code's asking for it to its promise being kept or broken."""

    def __init__(self, context: Context, workflow: "WorkflowType[..., Any]") -> None:
        """Prepare a call.

        Args:
            context: the parent.
            workflow: what is called.
        """
        self._context = context
        self._workflow = workflow
        self._number = context.number()
        self._command: Command | None = None
        self._run_id: str | None = None
        self._cancel_refused = False
        self.promise: Child[Any] = context.loop.promise(Child)
        self.promise.workflow_id = workflow.workflow_id or self._made_up_id()
        self.promise.started = context.loop.create_future()
        self.promise.on_cancel = self._cancel

    def start(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Start the child, now or when the promises among the arguments are kept.

        Raises:
            SerializationError: there are no promises, and the arguments do not fit the workflow.
        """
        when_fulfilled(self.promise, args, kwargs, self._start)

    def takes_the_same(self, here: str, there: str | None) -> bool:
        """Whether two inputs are the same call."""
        return same_payload(self._context.sealer, self._workflow.codec.load_call, here, there)

    def told(self, event: Event) -> None:
        """The child started or closed, or could not be started, or could not be cancelled."""
        says = attributes(event)
        match event["eventType"]:
            case "ChildWorkflowExecutionStarted":
                self._started(says["workflowExecution"]["runId"])
            case "RequestCancelExternalWorkflowExecutionFailed":
                self._cancel_was_refused()
            case "ExternalWorkflowExecutionCancelRequested":
                pass
            case "ChildWorkflowExecutionCompleted":
                self._command = None
                keep(self.promise, self._workflow.codec, says.get("result"))
            case _:
                self._command = None
                self._break(self._error(event))

    def _made_up_id(self) -> str:
        """An id that no other call has, in this execution or in any other of the parent's id."""
        parent = self._context.workflow_id[:_MAX_PARENT_ID]
        run = hashlib.sha256(self._context.run_id.encode()).hexdigest()[:10]
        return f"{parent}.{run}.{self._number}"

    def _start(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        recorded = self._context.recorded
        if self._workflow.workflow_id is None and recorded is not None:
            # A stored history does not say whose it is, so the id may not have come out the same.
            known = recorded.child_id(self._number)
            self.promise.workflow_id = known or self.promise.workflow_id
        asked = {
            "workflowId": self.promise.workflow_id,
            "input": self._workflow.encode_input(args, kwargs),
            "control": str(self._number),
            **self._workflow.start_parameters(),
        }
        reused = self._context.reuse.take(
            "child", self._workflow.name, partial(self.takes_the_same, asked["input"])
        )
        if reused is not None:
            self._take_over(reused)
            return
        self._command = Command("StartChildWorkflowExecution", asked, self, self._workflow)
        self._context.ask(self._command)

    def _take_over(self, reused: Result) -> None:
        """Have the result of a child that an earlier execution had."""
        self.promise.workflow_id = reused["workflow_id"]
        self._started(reused["run_id"])
        keep(self.promise, self._workflow.codec, reused["result"])

    def _started(self, run_id: str) -> None:
        self._run_id = run_id
        if not self.promise.started.done():
            self.promise.started.set_result(run_id)
        if self._cancel_refused:
            self._request_cancel()

    def _error(self, event: Event) -> ChildError:
        says = attributes(event)
        who = (self._workflow.name, self.promise.workflow_id)
        match event["eventType"]:
            case "ChildWorkflowExecutionFailed":
                report = Report.read(says.get("reason"), says.get("details"))
                return ChildFailed(report.reason, report.details, *who, retry=report.retry)
            case "ChildWorkflowExecutionTimedOut":
                return ChildTimedOut("took longer than its execution timeout", *who)
            case "ChildWorkflowExecutionCanceled":
                return ChildCancelled("was cancelled", *who)
            case "ChildWorkflowExecutionTerminated":
                return ChildTerminated("was terminated", *who)
            case _:
                return ChildNotStarted(says["cause"], *who)

    def _break(self, error: ChildError) -> None:
        break_with(self.promise, error)
        if not self.promise.started.done():
            self.promise.started.set_exception(error)
            self.promise.started.exception()  # it may well be that nobody looks

    # Cancelling. Amazon SWF starts a child some time after the decision: until then there is
    # nothing that it could cancel, and it says so.

    def _cancel(self) -> None:
        if self._command is not None and not self._context.retract(self._command):
            self._request_cancel()

    def _cancel_was_refused(self) -> None:
        if self._command is None:
            return
        if self._run_id is None:
            self._cancel_refused = True
        elif not self._cancel_refused:
            self._cancel_refused = True
            self._request_cancel()

    def _request_cancel(self) -> None:
        asked = {"workflowId": self.promise.workflow_id}
        if self._run_id is not None:
            asked["runId"] = self._run_id
        self._context.ask(Command("RequestCancelExternalWorkflowExecution", asked, self))
