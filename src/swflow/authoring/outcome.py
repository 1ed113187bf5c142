"""Going on without what failed."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from swflow.errors import ActivityError, ChildError
from swflow.execution.context import Context
from swflow.execution.loop import Promise

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What became of an activity or a child workflow.

    Attributes:
        value: its result; None if it failed.
        error: why it failed; None if it did not.
    """

    value: R | None = None
    error: ActivityError | ChildError | None = None


def attempt(promise: Promise[R]) -> Promise[Outcome[R]]:
    """Let an activity or a child fail without failing the workflow.

    `await transcode(video)` ends the workflow if the activity fails for good; after
    `faces = await attempt(find_faces(video))` it goes on, and `faces.error` says what happened.
    Cancelling the one cancels the other.

    Args:
        promise: of the activity or the child. Any other error, such as a result of another type
            than promised, is raised as ever.

    Raises:
        SwflowError: no workflow is running here.
    """
    outcome: Promise[Outcome[R]] = Context.required("attempt()").loop.create_future()
    outcome.on_cancel = promise.cancel

    def settled(_promise: object) -> None:
        if outcome.done():
            return
        if promise.cancelled():
            outcome.cancel()
            return
        match promise.exception():
            case None:
                outcome.set_result(Outcome(promise.result()))
            case (ActivityError() | ChildError()) as error:
                outcome.set_result(Outcome(error=error))
            case error:
                outcome.set_exception(error)

    promise.add_done_callback(settled)
    return outcome
