"""What SWF has of the pipeline's workflows."""

from uuid import UUID

from swflow import Client, Execution, UnknownExecution
from vib.db.models import Media


def latest(swf: Client, workflow_id: UUID | str) -> Execution[object] | None:
    """The latest execution with that id; None if there never was one, or SWF has forgotten it."""
    try:
        return swf.execution(str(workflow_id))
    except UnknownExecution:
        return None


def of_pending(swf: Client, media: Media) -> Execution[object] | None:
    """What works, or worked, on a video that is on its way; None before that was started.

    An execution that had closed when the video last changed was of an earlier try, after which the
    video started over.
    """
    execution = latest(swf, media.id)
    closed = execution and execution.describe()["executionInfo"].get("closeTimestamp")
    return None if closed and closed < media.updated_at else execution


def stop(swf: Client, workflow_id: UUID | str, reason: str) -> bool:
    """End the execution with that id now, whatever it was doing; False if none is open."""
    try:
        swf.execution(str(workflow_id)).terminate(reason)
    except UnknownExecution:
        return False
    return True
