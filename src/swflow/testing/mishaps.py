"""What a test puts in the place of activities, and what it lets go wrong with them."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from swflow.authoring.activity import ActivityType
from swflow.errors import SwflowError
from swflow.execution.history import Event, attributes

TimeoutKind = Literal["START_TO_CLOSE", "SCHEDULE_TO_CLOSE", "HEARTBEAT"]

_TIMEOUTS = {
    "START_TO_CLOSE": "startToCloseTimeout",
    "SCHEDULE_TO_CLOSE": "scheduleToCloseTimeout",
    "HEARTBEAT": "heartbeatTimeout",
}


@dataclass(frozen=True, slots=True)
class Fails:
    """An attempt fails with this."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class TimesOut:
    """An attempt is begun by a worker that never answers."""

    kind: TimeoutKind


class Mishaps:
    """What is planned for activities, by the names and versions of their types."""

    def __init__(self) -> None:
        self._fakes: dict[tuple[str, str], Callable[..., Any]] = {}
        self._planned: defaultdict[tuple[str, str], deque[Fails | TimesOut]] = defaultdict(deque)

    def replace(self, activity: ActivityType[..., Any], fake: Callable[..., Any]) -> None:
        """Have this called in the activity's place."""
        self._fakes[activity.name, activity.version] = fake

    def plan(self, activity: ActivityType[..., Any], what: Fails | TimesOut, times: int) -> None:
        """Have the next attempts that nothing is planned for yet go wrong."""
        self._planned[activity.name, activity.version].extend([what] * times)

    def function(self, activity: ActivityType[..., Any]) -> Callable[..., Any]:
        """What to call."""
        return self._fakes.get((activity.name, activity.version), activity.function)

    def next(self, activity: ActivityType[..., Any]) -> Fails | TimesOut | None:
        """What goes wrong with the attempt that is about to begin."""
        planned = self._planned.get((activity.name, activity.version))
        return planned.popleft() if planned else None


def heartbeat_interval(kind: TimeoutKind, scheduled: Event) -> timedelta | None:
    """How often the worker of a task says that it is alive, so that it times out in this way.

    Args:
        kind: the timeout that is to pass.
        scheduled: the event that scheduled the task.

    Returns:
        None if it says nothing.

    Raises:
        SwflowError: the task has no such timeout.
    """
    says = attributes(scheduled)
    if says[_TIMEOUTS[kind]] == "NONE":
        raise SwflowError(
            f"{says['activityType']['name']} is to time out ({kind}), and has no such timeout"
        )
    if kind == "HEARTBEAT" or says["heartbeatTimeout"] == "NONE":
        return None
    return timedelta(seconds=int(says["heartbeatTimeout"]) / 2)
