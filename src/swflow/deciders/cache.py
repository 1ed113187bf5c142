"""The executions that a decider keeps in memory between their decisions."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from swflow.deciders.replay import Decision, Instance
from swflow.execution.history import Event


class Kept:
    """An execution, suspended where its last decision left it.

    Attributes:
        instance: the execution.
        seen: the id of the last event it was told of: its last DecisionTaskStarted.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.seen = 0

    def feed(self, events: Sequence[Event]) -> list[Decision]:
        """Tell it what is new; what it decides. After an error it is closed.

        Raises:
            Exception: as `Instance.feed`.
        """
        try:
            decisions = self.instance.feed(events)
        except BaseException:
            self.close()
            raise
        self.seen = events[-1]["eventId"]
        return decisions

    def close(self) -> None:
        """Put it away."""
        self.instance.close()

    def new(self, task: Mapping[str, Any], events: Sequence[Event]) -> list[Event] | None:
        """What a decision task brings that it has not seen; None if the two do not fit together.

        They do not if another decider, or nobody, has answered a decision since: the instance has
        decided otherwise than the history says, and only a replay knows better.

        Args:
            task: the decision task.
            events: those that came with it, in order.
        """
        if task["previousStartedEventId"] != self.seen:
            return None
        new = [event for event in events if event["eventId"] > self.seen]
        fits = new and new[0]["eventId"] == self.seen + 1
        return new if fits and new[-1]["eventId"] == task["startedEventId"] else None


class Cache:
    """The executions used last, up to a number of them.

    An execution is taken out while a decision of it is made, and put back when that is sent; what
    is dropped is closed, or Python would end its code whenever it collects garbage.

    Args:
        size: how many executions at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.evictions = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, run_id: str) -> Kept | None:
        """Take an execution out, if it is there."""
        return self._kept.pop(run_id, None)

    def put(self, run_id: str, kept: Kept) -> None:
        """Keep an execution; the one that was not used for the longest time may have to go."""
        older = self._kept.pop(run_id, None)
        if older is not None:
            older.close()
        self._kept[run_id] = kept
        while len(self._kept) > self.size:
            _, oldest = self._kept.popitem(last=False)
            oldest.close()
            self.evictions += 1

    def drop(self, run_id: str, kept: Kept | None) -> None:
        """Put an execution away, unless it was taken out meanwhile."""
        if kept is not None and self._kept.get(run_id) is kept:
            del self._kept[run_id]
            kept.close()

    def close(self) -> None:
        """Put all of them away."""
        while self._kept:
            self._kept.popitem()[1].close()
