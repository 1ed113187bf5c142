"""Deadlines in a heap: every timeout, timer and long poll ends by one of these."""

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 32


class Deadlines(Generic[K]):
    """Keys, each with the time it is due (milliseconds since the epoch).

    Setting, dropping and taking the next cost O(log n), whatever was dropped before: dropped
    entries stay in the heap until they surface or outnumber the live ones.
    """

    __slots__ = ("_counter", "_entries", "_heap")

    def __init__(self) -> None:
        self._entries: dict[K, tuple[int, int, K]] = {}
        self._heap: list[tuple[int, int, K]] = []
        self._counter = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def set(self, key: K, when: int) -> None:
        """Make `key` due at `when`, in place of what was set for it before."""
        current = self._entries.get(key)
        if current is not None and current[0] == when:
            return
        # The counter keeps keys themselves from being compared, and ties in the order of setting.
        entry = (when, next(self._counter), key)
        self._entries[key] = entry
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._entries) + _SLACK:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def drop(self, key: K) -> None:
        """Forget `key`; no matter if it was never set."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget every key."""
        self._entries.clear()
        self._heap.clear()

    def next(self) -> int | None:
        """When the first key is due; None if there is none."""
        heap, entries = self._heap, self._entries
        while heap and entries.get(heap[0][2]) is not heap[0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: int) -> K | None:
        """The first key that is due at `now`; None if none is."""
        heap = self._heap
        # Most often nothing is, and what was dropped does not matter either.
        if not heap or heap[0][0] > now:
            return None
        when = self.next()
        return None if when is None or when > now else heap[0][2]

    def pop_due(self, now: int) -> K | None:
        """Take out the first key that is due at `now`; None if none is."""
        key = self.due(now)
        if key is not None:
            self.drop(key)
        return key
