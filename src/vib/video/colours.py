from dataclasses import dataclass
from typing import Self

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_UNKNOWN = 2
_RGB = 0
_BT2020 = 9
_BT2020_CONSTANT = 10
_PQ = 16
_HLG = 18
_MOST_LINES_OF_SD = 576


@dataclass(frozen=True)
class Colours:
    """What the numbers in a frame mean, by the code points of ITU-T H.273; 2 is "not said"."""

    space: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, source: VideoStream | VideoFrame) -> Self:
        """Return what a stream or a frame says of its colours."""
        return cls(int(source.colorspace), int(source.color_primaries), int(source.color_trc))

    def made(self, lines: int) -> "Colours":
        """Return the colours of what is made of a video of so many lines with these colours."""
        if is_beyond_bt709(self) or self.space == _RGB:
            return BT709
        usual = BT709 if lines > _MOST_LINES_OF_SD else BT601
        # What is not said players guess by the size, and the size may be another.
        said = (self.space, self.primaries, self.transfer)
        guesses = (usual.space, usual.primaries, usual.transfer)
        return Colours(*(g if s == _UNKNOWN else s for s, g in zip(said, guesses, strict=True)))


BT709 = Colours(1, 1, 1)  # high definition
BT601 = Colours(6, 6, 6)  # standard definition


def is_beyond_bt709(colours: Colours) -> bool:
    """Say whether colours are brighter or wider than ordinary screens show: HDR, or BT.2020."""
    return (
        colours.transfer in (_PQ, _HLG)
        or colours.space in (_BT2020, _BT2020_CONSTANT)
        or colours.primaries == _BT2020
    )
