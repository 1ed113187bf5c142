"""Plain functions that wait: each runs in a greenlet, and waits by leaving it."""

import contextvars
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from greenlet import getcurrent, greenlet


class _Suspendable(greenlet):
    """Runs a workflow's plain function."""


async def call_suspendable(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Run a plain function that can wait for something awaitable by `wait_for`.

    Closing the coroutine ends the function where it is, with its `finally` blocks.
    """
    running = _Suspendable(function)
    running.gr_context = contextvars.copy_context()
    wanted = running.switch(*args, **kwargs)
    while not running.dead:
        try:
            value = await wanted
        except BaseException as error:  # noqa: BLE001 - it belongs to the function
            wanted = running.throw(error)
        else:
            wanted = running.switch(value)
    return wanted


def wait_for(wanted: Awaitable[Any]) -> Any:
    """Wait, in a plain function that `call_suspendable` runs, and give what comes of it."""
    outside = getcurrent().parent
    assert outside is not None  # noqa: S101 - only the thread's own greenlet has none
    return outside.switch(wanted)


def can_suspend() -> bool:
    """Whether `wait_for` can be used here."""
    return isinstance(getcurrent(), _Suspendable)
