"""Pages of a history."""

from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Events that are still to be shown: from id `first` to id `last`, both included."""

    first: int
    last: int
    reverse: bool

    def page(self, history: Sequence[str], size: int) -> "tuple[list[str], Span | None]":
        """The next events of a history, at most `size`, and the span of what is left if any."""
        first, last, reverse = self
        if reverse:
            start = max(first, last - size + 1)
            events = list(history[start - 1 : last])
            events.reverse()
            rest = Span(first, start - 1, reverse)
        else:
            end = min(last, first + size - 1)
            events = list(history[first - 1 : end])
            rest = Span(end + 1, last, reverse)
        return events, rest if rest.first <= rest.last else None
