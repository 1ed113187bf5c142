"""The workflow's own function, from its start to the decision that closes the execution."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from swflow.authoring.continuing import ContinueAsNew
from swflow.errors import SwflowError
from swflow.execution.commands import Command
from swflow.execution.context import Context
from swflow.execution.history import Event, attributes
from swflow.execution.loop import Evicted
from swflow.execution.passing_on import passed_on, with_signals
from swflow.execution.reuse import SIGNAL, Parts, Reuse, expected_parts
from swflow.execution.suspending import call_suspendable
from swflow.values.failure import Report
from swflow.values.sealing import too_long


class MainTask:
    """What happens to an execution as a whole, and how it closes.

    Attributes:
        error: what its code failed with, once it has.
    """

    def __init__(self, context: Context) -> None:
        self.error: BaseException | None = None
        self._context = context
        self._cancel_requested = False
        self._cancelled_too_late = False
        self._parts: Parts | None = None
        self._told: dict[str, Callable[[Event], None]] = {
            "WorkflowExecutionStarted": self._start,
            "WorkflowExecutionSignaled": self._signal,
            "WorkflowExecutionCancelRequested": self._cancel,
            "ContinueAsNewWorkflowExecutionFailed": self._close_refused,
        }

    def told(self, event: Event) -> None:
        """Something happened to the execution."""
        tell = self._told.get(event["eventType"])
        if tell is not None:
            tell(event)

    def outcome(self) -> list[Command]:
        """The decision that closes the execution, if its code has come to an end."""
        main = self._context.main
        if self._context.broken is not None:
            return [self._fail(self._context.broken)]
        try:
            return [self._close(main)] if main is not None and main.done() else []
        except Evicted:  # code and history differ, as comparing them is about to find
            return []

    def _close(self, main: asyncio.Task[Any]) -> Command:
        try:
            workflow = self._context.workflow
            result = workflow.codec.dump_result(main.result())
            if not self._context.sealer.fits(result):
                return self._fail(too_long(result, f"the result of {workflow.name}"))
        except ContinueAsNew as wanted:
            return self._go_on(wanted.command)
        except asyncio.CancelledError:
            if self._cancel_requested:
                return Command("CancelWorkflowExecution", {})
            return self._fail(SwflowError("the workflow's code cancelled itself"))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the workflow's own
            return self._fail(error)
        return Command("CompleteWorkflowExecution", {"result": result})

    def _go_on(self, command: Command) -> Command:
        """Go on as a new execution, which gets what came too late for this one's code."""
        if self._cancelled_too_late:
            return Command("CancelWorkflowExecution", {})
        inboxes = self._context.inboxes.items()
        left = [(name, value) for name, inbox in inboxes for value in inbox.unreceived]
        if not left:
            return command
        given = with_signals(command.attributes["input"], left)
        if not self._context.fits(given):
            what = f"the input of {self._context.workflow.name} and the signals that it passes on"
            return self._fail(too_long(given, what))
        return replace(command, attributes={**command.attributes, "input": given})

    def _start(self, event: Event) -> None:
        self._context.started = event
        given = attributes(event).get("input")
        for name, value in passed_on(given):
            self._context.inboxes[name].put(value)
        parts = expected_parts(given)
        if parts:
            self._parts = Parts(parts)
        else:
            self._begin()

    def _begin(self) -> None:
        context = self._context
        context.main = context.loop.create_task(self._run(), name="main")
        if self._cancel_requested:
            context.main.cancel()

    async def _run(self) -> Any:
        workflow = self._context.workflow
        given = self._context.started_with().get("input")
        args, kwargs = workflow.codec.load_call(given)
        if inspect.iscoroutinefunction(workflow.function):
            return await workflow.function(*args, **kwargs)
        return await call_suspendable(workflow.function, args, kwargs)

    def _signal(self, event: Event) -> None:
        says = attributes(event)
        if says["signalName"] == SIGNAL:
            if self._parts is not None and self._parts.add(says.get("input")):
                self._context.reuse = Reuse(self._parts.results())
                self._parts = None
                self._begin()
            return
        inbox = self._context.inboxes[says["signalName"]]
        if self._goes_on():
            inbox.keep(says.get("input"))
        else:
            inbox.put(says.get("input"))

    def _cancel(self, _event: Event) -> None:
        """Cancel the function, once: what it does then is not interrupted by another request."""
        if not self._cancel_requested:
            self._cancel_requested = True
            self._cancelled_too_late = self._goes_on()
            if self._context.main is not None:
                self._context.main.cancel()

    def _goes_on(self) -> bool:
        """Whether the function has ended, and the execution is to go on as a new one."""
        main = self._context.main
        if main is None or not main.done() or main.cancelled():
            return False
        return isinstance(main.exception(), ContinueAsNew)

    def _close_refused(self, event: Event) -> None:
        cause = attributes(event)["cause"]
        if cause != "UNHANDLED_DECISION":  # then it is simply decided again
            self._context.broken = SwflowError(
                f"the workflow could not be continued as a new execution: {cause}"
            )

    def _fail(self, error: BaseException) -> Command:
        self.error = error
        return Command("FailWorkflowExecution", Report.of(error).wire())
