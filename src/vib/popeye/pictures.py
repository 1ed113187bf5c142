from collections.abc import Sequence
from fractions import Fraction

from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

TIME_BASE = Fraction(1, 90_000)
PIXEL_FORMAT = "yuv420p"

_TURNS = {
    90: [("transpose", "clock")],
    180: [("hflip", ""), ("vflip", "")],
    270: [("transpose", "cclock")],
}


class RateCap:
    """Decides which frames of a video to keep so that no more than `rate` a second are left.

    Frames keep their own times, so a variable rate stays variable.
    """

    def __init__(self, rate: Fraction) -> None:
        """Take the highest rate, in frames per second."""
        self._interval = 1 / rate
        self._due = Fraction(0)

    def keeps(self, time: Fraction) -> bool:
        """Say whether the frame at `time` (seconds, never going back) is kept."""
        # Half an interval early is still in time: timestamps jitter.
        if time < self._due - self._interval / 2:
            return False
        self._due = max(self._due, time) + self._interval
        return True


class Scaler:
    """Scales frames to one size in the pixel format that every player understands."""

    def __init__(self, width: int, height: int) -> None:
        """Take the size to make, in pixels."""
        self._size = width, height
        self._reformatter = VideoReformatter()

    def scale(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame at the new size; its time stays as it is."""
        return self._reformatter.reformat(
            frame,
            *self._size,
            PIXEL_FORMAT,
            dst_colorspace=Colorspace.ITU601 if frame.format.is_rgb else None,
            dst_color_range=ColorRange.MPEG,
        )


class Upright:
    """Scales decoded frames and turns them the way they are displayed."""

    def __init__(self, width: int, height: int, rotation: int) -> None:
        """Take the size as displayed, in pixels, and the degrees to turn clockwise."""
        lying = (height, width) if rotation in (90, 270) else (width, height)
        self._scaler = Scaler(*lying)
        self._turn = _turning(*lying, _TURNS[rotation]) if rotation else None

    def make(self, frame: VideoFrame, time: Fraction) -> VideoFrame:
        """Return the upright frame, stamped with `time` (seconds), for an encoder."""
        upright = self._scaler.scale(frame)
        upright.pts, upright.time_base = round(time / TIME_BASE), TIME_BASE
        if self._turn:
            self._turn.vpush(upright)
            upright = self._turn.vpull()
        # A decoded frame remembers its type, and an encoder would make it a key frame again.
        upright.pict_type = PictureType.NONE
        return upright


def _turning(width: int, height: int, filters: Sequence[tuple[str, str]]) -> Graph:
    graph = Graph()
    chain = [
        graph.add_buffer(
            width=width, height=height, format=VideoFormat(PIXEL_FORMAT), time_base=TIME_BASE
        ),
        *(graph.add(name, argument) for name, argument in filters),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain).configure()
    return graph
