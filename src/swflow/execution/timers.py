"""Durable timers: they fire however long nobody was there."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from swflow.errors import SwflowError
from swflow.execution.commands import Command
from swflow.execution.history import Event, attributes

if TYPE_CHECKING:
    from swflow.execution.context import Context


class DurableTimer:
    """A timer of an execution."""

    def __init__(
        self, context: "Context", timer_id: str, seconds: int, then: Callable[[], None]
    ) -> None:
        """Start a timer.

        Args:
            context: the execution.
            timer_id: its id there.
            seconds: how long it runs.
            then: what to do when it fires.
        """
        self._context = context
        self._id = timer_id
        self._then = then
        self._over = False
        asked = {"timerId": timer_id, "startToFireTimeout": str(seconds)}
        self._command = Command("StartTimer", asked, self)
        context.ask(self._command)

    def cancel(self) -> None:
        """Nobody waits for it any more; one that was not sent yet never is."""
        if not self._over:
            self._over = True
            if not self._context.retract(self._command):
                self._context.ask(Command("CancelTimer", {"timerId": self._id}))

    def told(self, event: Event) -> None:
        """It fired, or could not be started."""
        if self._over:
            return
        self._over = True
        if event["eventType"] == "TimerFired":
            self._then()
        else:
            cause = attributes(event)["cause"]
            self._context.broken = SwflowError(
                f"a timer of the workflow could not be started: {cause}"
            )


def whole_seconds(delay: timedelta | float) -> int:
    """A delay as a timer takes it: whole seconds, rounded up."""
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    return max(math.ceil(seconds), 0)
