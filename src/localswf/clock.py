"""What the service takes for the time: the wall clock, or one that tests move."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")

_LONGEST_SLEEP = 10.0


class Clock(Protocol):
    """The time in milliseconds since the epoch, and one alarm."""

    @property
    def virtual(self) -> bool:
        """Whether time stands still by itself, so that nothing may be left to real threads."""
        ...

    def now(self) -> int:
        """The time, in milliseconds since the epoch."""
        ...

    def set_alarm(self, when: int | None, callback: Callable[[], None]) -> None:
        """Call `callback` once at `when`, in place of any earlier alarm; None for no alarm.

        The callback may come early and has to look at the time itself.
        """
        ...

    async def wait(self, future: asyncio.Future[T]) -> T:
        """The future's result, letting time pass until it is there."""
        ...


class WallClock:
    """The machine's clock; the alarm is the running event loop's."""

    virtual = False

    def __init__(self) -> None:
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> int:
        """The time, in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def set_alarm(self, when: int | None, callback: Callable[[], None]) -> None:
        """Call `callback` at `when`, or early: see `Clock.set_alarm`."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if when is not None:
            # The loop's clock stops while the machine sleeps and knows nothing of the wall clock
            # being set, so a long wait is cut into short ones that look again.
            delay = min(max(when - self.now(), 0) / 1000, _LONGEST_SLEEP)
            self._alarm = asyncio.get_running_loop().call_later(delay, callback)

    async def wait(self, future: asyncio.Future[T]) -> T:
        """The future's result."""
        return await future


class VirtualClock:
    """A clock that moves when told to, or when its caller waits for something.

    36 hours pass as fast as the alarms on the way can be served. Meant for one caller at a time:
    whoever waits moves the time for everybody.
    """

    virtual = True

    def __init__(self, start: int = 1_700_000_000_000) -> None:
        """`start` is the first time it shows, in milliseconds since the epoch."""
        self._now = start
        self._when: int | None = None
        self._callback: Callable[[], None] | None = None

    @property
    def alarm(self) -> int | None:
        """When the alarm rings next, in milliseconds since the epoch; None if none is set."""
        return self._when

    def now(self) -> int:
        """The time, in milliseconds since the epoch."""
        return self._now

    def set_alarm(self, when: int | None, callback: Callable[[], None]) -> None:
        """Call `callback` when the time reaches `when`."""
        self._when, self._callback = when, callback

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at every alarm on the way.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(f"Time cannot go back: {seconds} seconds.")
        target = self._now + round(seconds * 1000)
        while self._when is not None and self._when <= target:
            self._ring()
        self._now = target

    async def wait(self, future: asyncio.Future[T]) -> T:
        """The future's result; jumps from alarm to alarm until it is there.

        Raises:
            RuntimeError: nothing that could ever resolve the future is ahead.
        """
        while not future.done():
            if self._when is None:
                raise RuntimeError("Waiting for what can never come: no timer is ahead.")
            self._ring()
        return future.result()

    def _ring(self) -> None:
        when, callback = self._when, self._callback
        self._when = self._callback = None
        if when is not None and callback is not None:
            self._now = max(self._now, when)
            callback()
