"""Which part of a list of executions a caller asks for."""

from dataclasses import dataclass

_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time and how far the list has been read.

    Attributes:
        oldest: the earliest time, in milliseconds since the epoch.
        latest: the latest time.
        ascending: whether the earliest comes first.
        after: time and number of the last execution read, where some were.
    """

    oldest: int
    latest: int = _LAST
    ascending: bool = False
    after: tuple[int, int] | None = None

    @property
    def position(self) -> tuple[int, int]:
        """The time and number after which the list goes on."""
        if self.after is not None:
            return self.after
        return (-1, 0) if self.ascending else (_LAST, 0)

    def holds(self, time: int, number: int) -> bool:
        """Whether the execution of this time and number is still to be read."""
        if not self.oldest <= time <= self.latest:
            return False
        here = (time, number)
        return here > self.position if self.ascending else here < self.position
