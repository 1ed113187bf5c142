"""What SWF has of the pipeline's workflows."""

from uuid import UUID

from swflow import Client, Execution, UnknownExecution


def latest(swf: Client, workflow_id: UUID | str) -> Execution[object] | None:
    """The latest execution with that id; None if there never was one, or SWF has forgotten it."""
    try:
        return swf.execution(str(workflow_id))
    except UnknownExecution:
        return None


def stop(swf: Client, workflow_id: UUID | str, reason: str) -> bool:
    """End the execution with that id now, whatever it was doing; False if none is open."""
    execution = latest(swf, workflow_id)
    try:
        if execution is not None:
            execution.terminate(reason)
    except UnknownExecution:
        return False
    return execution is not None
