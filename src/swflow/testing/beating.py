"""Heartbeats in virtual time."""

import time
from collections.abc import Callable

from localswf import VirtualClock
from swflow.workers.heartbeat import Heartbeats, Sender


class VirtualSender(Sender):
    """Sends the heartbeats of an environment's activities when the environment's time has come."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self._later: list[tuple[int, Callable[[], object]]] = []

    def add(self, at: float, heartbeats: Heartbeats) -> None:
        """Send one now, or as much later as `at` is ahead of the monotonic clock."""
        delay = at - time.monotonic()
        if delay <= 0:
            heartbeats.send()
        elif heartbeats.unwanted is None:
            self.after(delay, heartbeats.send)

    def after(self, seconds: float, send: Callable[[], object]) -> None:
        """Call this so many seconds later."""
        self._later.append((self._clock.now() + max(round(seconds * 1000), 1), send))

    def next(self) -> int | None:
        """When the next one is due, in milliseconds since the epoch."""
        return min((due for due, _ in self._later), default=None)

    def send_due(self) -> None:
        """Send what is due."""
        now = self._clock.now()
        due = [send for at, send in self._later if at <= now]
        self._later = [each for each in self._later if each[0] > now]
        for send in due:
            send()
