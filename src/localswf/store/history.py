"""Histories: the latest events in memory, all of them on disk, shown page by page."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from localswf.store.journal import Journal

_ROOM = 64 * 1024 * 1024


class History:
    """An execution's events in JSON, by their ids.

    Attributes:
        number: the data file's id of the execution.
        length: how many events there are.
    """

    __slots__ = ("_journal", "_recent", "length", "number", "size", "written")

    def __init__(self, journal: Journal, number: int, length: int = 0) -> None:
        """A history of `length` events, all of which are on disk."""
        self._journal = journal
        self._recent: list[str] = []
        self.number = number
        self.length = length
        self.size = 0
        self.written = 0

    def append(self, events: Sequence[str]) -> int:
        """Write down the next events; returns how many characters that takes in memory."""
        self._journal.add_events(self.number, self.length + 1, events)
        self._recent += events
        self.length += len(events)
        size = sum(map(len, events))
        self.size += size
        self.written = self._journal.written
        return size

    def between(self, first: int, last: int) -> list[str]:
        """The events from id `first` to id `last`, both included.

        Raises:
            DataFileError: they are on disk only, and damaged.
        """
        on_disk_only = self.length - len(self._recent)
        events: list[str] = []
        if first <= on_disk_only:
            events = self._journal.events(self.number, first, min(last, on_disk_only))
        if last > on_disk_only:
            events += self._recent[max(first - on_disk_only - 1, 0) : last - on_disk_only]
        return events

    def forget(self) -> int:
        """Leave all events to the disk; returns how many characters of memory that frees."""
        size, self.size = self.size, 0
        self._recent = []
        return size


class RecentEvents:
    """Keeps the memory that histories take within bounds.

    When there is no more room, those that have had no event for longest are left to the disk.
    """

    def __init__(self, journal: Journal, room: int = _ROOM) -> None:
        """`room` is how many characters of JSON may be in memory."""
        self._journal = journal
        self._room = room
        self._histories: OrderedDict[History, None] = OrderedDict()

    def append(self, history: History, events: Sequence[str]) -> None:
        """Write down what happened next in a history."""
        self._room -= history.append(events)
        self._histories[history] = None
        self._histories.move_to_end(history)
        while self._room < 0:
            oldest = next(iter(self._histories))
            if oldest.written > self._journal.on_disk:
                return
            self.forget(oldest)

    def forget(self, history: History) -> None:
        """Leave a history that is on disk to the disk."""
        if history in self._histories:
            del self._histories[history]
            self._room += history.forget()


class Span(NamedTuple):
    """Events that are still to be shown: from id `first` to id `last`, both included."""

    first: int
    last: int
    reverse: bool

    def page(self, history: History, size: int) -> "tuple[list[str], Span | None]":
        """The next events of a history, at most `size`, and the span of what is left if any."""
        first, last, reverse = self
        if reverse:
            start = max(first, last - size + 1)
            events = history.between(start, last)
            events.reverse()
            rest = Span(first, start - 1, reverse)
        else:
            end = min(last, first + size - 1)
            events = history.between(first, end)
            rest = Span(end + 1, last, reverse)
        return events, rest if rest.first <= rest.last else None
