from collections import deque
from fractions import Fraction

import av
from av.container import InputContainer

_AHEAD = 10  # seconds; a longer step ahead is a jump of the clock
_BACK = Fraction(1, 2)  # seconds; a stream's frames come in order, so a longer step back is one too
_REMEMBERED = 8  # jumps
_TS_DISCONT = 0x0200  # AVFMT_TS_DISCONT


def start_of(container: InputContainer) -> Fraction:
    """Return the timestamp, in seconds, at which the container's presentation begins."""
    return Fraction(container.start_time or 0, av.time_base)


def clock_jumps(container: InputContainer) -> bool:
    """Say whether timestamps may jump in files of this format."""
    return bool(container.format.flags & _TS_DISCONT)


class Timeline:
    """Gives frames their time from the start, and closes the gaps where the file's clock jumps.

    Transport streams jump where they were cut together, and where the clock, of 33 bits, overflows.
    All streams jump at once, but one of them is first, and the others follow when they get there.
    """

    def __init__(self, start: Fraction) -> None:
        """Take the time, in seconds, at which the file begins."""
        self._origins = deque([start], maxlen=_REMEMBERED)  # of the stretches between jumps
        self._positions: dict[int, Fraction] = {}
        self._latest = Fraction(0)

    def place(self, stream: int, time: Fraction) -> Fraction:
        """Return the seconds from the start at which a stream's frame of that time is due."""
        placed = min(
            (time - origin for origin in self._origins),
            key=lambda moment: abs(moment - self._latest),
        )
        earliest = self._positions.get(stream, self._latest - _AHEAD) - _BACK
        if not earliest <= placed <= self._latest + _AHEAD:
            placed = self._latest
            self._origins.append(time - placed)
        self._positions[stream] = placed
        self._latest = max(self._latest, placed)
        return placed
