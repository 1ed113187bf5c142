"""What a workflow's code can know of the execution it is in, and shows of itself."""

from datetime import datetime
from typing import Any, NamedTuple

from swflow.execution.context import Context
from swflow.values.sealing import too_long
from swflow.values.serialize import of_value

_state = of_value("publish()", Any)


class WorkflowInfo(NamedTuple):
    """A running workflow.

    Attributes:
        name: the name of its type.
        version: the version of its type.
        workflow_id: whom it is about; empty in the replay of a history that does not say.
        run_id: which of the executions with that id it is; empty likewise.
        tags: what it can be found by.
        parent: the workflow id and the run id of the execution that started it, if one did.
        history_length: how many events it had when the decision in hand was begun. Amazon SWF
            ends an execution that reaches 25,000: `continue_as_new` in time.
    """

    name: str
    version: str
    workflow_id: str
    run_id: str
    tags: tuple[str, ...]
    parent: tuple[str, str] | None
    history_length: int


def info() -> WorkflowInfo:
    """The workflow that is running here.

    Raises:
        SwflowError: none is.
    """
    context = Context.required("swflow.info()")
    started = context.started_with()
    parent = started.get("parentWorkflowExecution")
    return WorkflowInfo(
        name=context.workflow.name,
        version=context.workflow.version,
        workflow_id=context.workflow_id,
        run_id=context.run_id,
        tags=tuple(started.get("tagList", ())),
        parent=(parent["workflowId"], parent["runId"]) if parent else None,
        history_length=context.history_length,
    )


def now() -> datetime:
    """The time in a workflow: when its current decision began, the same in every replay.

    Raises:
        SwflowError: no workflow is running here.
    """
    return Context.required("swflow.now()").loop.now


def publish(value: Any) -> None:
    """Show people outside how far the execution is; `Execution.published` reads it.

    It travels with the next decision, as the execution's context; the last value counts, and is
    there after the execution's end, too.

    Args:
        value: anything with a JSON form.

    Raises:
        SerializationError: it has no JSON form, or is too long, and there is no payload store.
        SwflowError: no workflow is running here.
    """
    context = Context.required("swflow.publish()")
    text = _state.dump_result(value)
    if not context.fits(text):
        raise too_long(text, "the value of publish()")
    context.published = text
