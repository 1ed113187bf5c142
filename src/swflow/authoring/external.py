"""Other executions, as a workflow reaches them."""

from dataclasses import dataclass
from typing import Any, TypeVar, overload

from swflow.authoring.signals import Signal
from swflow.errors import ExternalWorkflowError
from swflow.execution.commands import Command
from swflow.execution.context import Context
from swflow.execution.history import Event, attributes
from swflow.execution.loop import Promise
from swflow.execution.promises import break_with, same_payload
from swflow.values.serialize import Codec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExternalWorkflow:
    """An execution in the same domain. Made by `external`.

    Attributes:
        workflow_id: whom it is about.
        run_id: which of the executions with that id it is; the open one if left out.
    """

    workflow_id: str
    run_id: str | None = None

    @overload
    def signal(self, signal: Signal[None]) -> Promise[None]: ...
    @overload
    def signal(self, signal: Signal[T], value: T) -> Promise[None]: ...
    def signal(self, signal: Signal[Any], value: Any = None) -> Promise[None]:
        """Send it a signal.

        The promise is kept when the signal is in its history, and broken with an
        ExternalWorkflowError if there is no such execution, or it is not open.

        Args:
            signal: which signal.
            value: of the signal's type; left out where it carries none.

        Raises:
            SerializationError: the value is not of the signal's type.
            SwflowError: no workflow is running here.
        """
        sent = _SentSignal(Context.required("external()"), self.workflow_id, signal.codec)
        said = {"signalName": signal.name, "input": signal.codec.dump_result(value)}
        return self._ask("SignalExternalWorkflowExecution", said, sent)

    def cancel(self) -> Promise[None]:
        """Request its cancellation.

        The promise is kept when the request is in its history, and broken with an
        ExternalWorkflowError if there is no such execution, or it is not open.

        Raises:
            SwflowError: no workflow is running here.
        """
        request = _Request(Context.required("external()"), self.workflow_id)
        return self._ask("RequestCancelExternalWorkflowExecution", {}, request)

    def _ask(self, kind: str, said: dict[str, Any], request: "_Request") -> Promise[None]:
        which = {"workflowId": self.workflow_id}
        if self.run_id is not None:
            which["runId"] = self.run_id
        request.send(Command(kind, which | said, request))
        return request.promise


def external(workflow_id: str, run_id: str | None = None) -> ExternalWorkflow:
    """Another execution, to signal it or to request its cancellation from within a workflow.

    Args:
        workflow_id: whom it is about.
        run_id: which of the executions with that id it is; the open one if left out.
    """
    return ExternalWorkflow(workflow_id, run_id)


class _Request:
    """Something asked of another execution."""

    def __init__(self, context: Context, workflow_id: str) -> None:
        self.promise: Promise[None] = context.loop.create_future()
        self._context = context
        self._workflow_id = workflow_id

    def send(self, command: Command) -> None:
        """Ask for it; taken back if nobody waits for it before it is sent."""
        self.promise.on_cancel = lambda: self._context.retract(command)
        self._context.ask(command)

    def told(self, event: Event) -> None:
        """It reached the other execution, or did not."""
        cause = attributes(event).get("cause")
        if cause is not None:
            break_with(self.promise, ExternalWorkflowError(self._workflow_id, cause))
        elif not self.promise.done():
            self.promise.set_result(None)


class _SentSignal(_Request):
    """A signal sent to another execution."""

    def __init__(self, context: Context, workflow_id: str, codec: Codec) -> None:
        super().__init__(context, workflow_id)
        self._codec = codec

    def takes_the_same(self, here: str, there: str | None) -> bool:
        """Whether two values are the same."""
        return same_payload(self._context.sealer, self._codec.load_result, here, there)
