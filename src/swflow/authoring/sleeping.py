"""Durable timers by name: as a promise, and for `def` workflows as a wait."""

from datetime import timedelta

from swflow.errors import SwflowError
from swflow.execution.context import Context
from swflow.execution.loop import Promise
from swflow.execution.suspending import can_suspend
from swflow.execution.timers import DurableTimer, whole_seconds


def timer(delay: timedelta | float) -> Promise[None]:
    """A durable timer: a promise that is kept after a while. Cancelling it cancels the timer.

    Args:
        delay: how long, or how many seconds; rounded up to whole ones.

    Raises:
        SwflowError: no workflow is running here.
    """
    context = Context.required("swflow.timer()")
    promise: Promise[None] = context.loop.create_future()

    def fired() -> None:
        if not promise.done():
            promise.set_result(None)

    durable = DurableTimer(context, str(context.number()), whole_seconds(delay), fired)
    promise.on_cancel = durable.cancel
    return promise


def sleep(delay: timedelta | float) -> None:
    """Wait in a `def` workflow, for as long as it takes, by a durable timer.

    Args:
        delay: how long, or how many seconds; rounded up to whole ones.

    Raises:
        SwflowError: this is no `def` workflow: an `async def` one awaits `asyncio.sleep`, or a
            `timer`.
    """
    if not can_suspend():
        raise SwflowError(
            "swflow.sleep() is for `def` workflows; "
            "in an `async def` one await asyncio.sleep() or swflow.timer()"
        )
    timer(delay).result()
