"""Event loops inside of event loops."""

from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def outside_of_loops() -> Iterator[None]:
    """Let an event loop run in here to an end, even where one is running already.

    The outer one stands still meanwhile, as it does for any call that takes its time.
    """
    outer = _get_running_loop()
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(outer)
