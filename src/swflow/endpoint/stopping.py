"""How a process is asked to stop."""

import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """A request to stop that a signal handler may make, and that wakes whoever waits.

    A `threading.Event` is not for signal handlers: one that interrupts its `wait` at the wrong
    moment waits for a lock that its own thread holds.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._requested = False

    def requested(self) -> bool:
        """Whether stopping was asked for."""
        return self._requested

    def request(self) -> None:
        """Ask to stop; asking again changes nothing."""
        self._requested = True
        with suppress(OSError):
            os.write(self._writer, b".")

    def hang_up_at(self) -> float:
        """When to give up waiting: now if stopping was asked for, else never."""
        return 0.0 if self._requested else math.inf

    def wait(self, seconds: float) -> bool:
        """Wait this long, or until stopping is asked for; whether it was."""
        if not self._requested:
            wait([self._reader], seconds)
        return self._requested

    def fileno(self) -> int:
        """Readable once stopping is asked for."""
        return self._reader

    def close(self) -> None:
        """Give the file descriptors back."""
        os.close(self._reader)
        os.close(self._writer)

    def __enter__(self) -> Self:
        """Close it at the end."""
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@contextmanager
def on_signals(handle: Callable[[], None]) -> Iterator[None]:
    """Call this on every SIGTERM and SIGINT.

    In a thread that is not the main one, which cannot have signal handlers, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        handle()

    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
