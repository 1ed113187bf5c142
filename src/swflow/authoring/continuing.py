"""Going on as a new execution with an empty history."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from swflow.errors import SwflowError
from swflow.execution.commands import Command
from swflow.execution.context import Context

if TYPE_CHECKING:
    from swflow.authoring.workflow import WorkflowType

RUN_ALIKE = (
    "childPolicy",
    "executionStartToCloseTimeout",
    "taskStartToCloseTimeout",
    "taskList",
    "taskPriority",
    "tagList",
)
"""What of WorkflowExecutionStarted an execution that takes another's place is started with."""


class ContinueAsNew(BaseException):
    """Ends the workflow's function; not an Exception, so that nobody eats it."""

    def __init__(self, command: Command) -> None:
        super().__init__("the workflow goes on as a new execution")
        self.command = command


def continue_as_new(*args: Any, **kwargs: Any) -> NoReturn:
    """Close the execution and go on as a new one of the same workflow id, with an empty history.

    The new one is started as this one was: with its type, timeouts, task list and tags. What this
    one still waits for is given up; signals that nobody has received yet are passed on. For another
    version of the workflow, or other timeouts, there is `WorkflowType.continue_as_new`.

    Args:
        args: the workflow's arguments.
        kwargs: the workflow's named arguments.

    Raises:
        SerializationError: the arguments do not fit the workflow.
        SwflowError: this is not the workflow's own function.
    """
    context = Context.required("continue_as_new()")
    started = context.started_with()
    kept = {key: started[key] for key in RUN_ALIKE if key in started}
    go_on(context, context.workflow, args, kwargs, kept)


def go_on(
    context: Context,
    workflow: "WorkflowType[..., Any]",
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> NoReturn:
    """Close the execution and go on as one of this type, with these parameters."""
    if asyncio.current_task(context.loop) is not context.main:
        raise SwflowError("continue_as_new() ends the workflow's own function: call it in there")
    running = context.workflow
    if workflow.name != running.name:
        raise SwflowError(
            f"{running.name} cannot go on as {workflow.name}: Amazon SWF continues a workflow as "
            f"another version of itself; start {workflow.name} as a child instead"
        )
    asked = {**parameters, "input": workflow.encode_input(args, kwargs)}
    if workflow.version != running.version:
        asked["workflowTypeVersion"] = workflow.version
    command = Command("ContinueAsNewWorkflowExecution", asked, callee=workflow)
    context.check(command)
    raise ContinueAsNew(command)
