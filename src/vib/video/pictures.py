import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from vib.video.colours import Colours, is_beyond_bt709

PIXEL_FORMAT = "yuv420p"

_EARLY = Fraction(1, 4)  # of the time of a frame, by which it may come too early

_TURNS = {
    0: [],
    90: [("transpose", "clock")],
    180: [("hflip", ""), ("vflip", "")],
    270: [("transpose", "cclock")],
}
# Highlights are rolled off, not cut off. The scaler does it while it scales.
_TO_BT709 = ":intent=perceptual:out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709"
_RGB_TO_BT709 = ":out_color_matrix=bt709"


class Pacer:
    """Gives frames that come at any time the numbers that they have at a constant rate."""

    def __init__(self, rate: Fraction) -> None:
        """Take the rate, in frames per second."""
        self._rate = rate
        self._first: Fraction | None = None
        self._last = -1

    def number(self, time: Fraction) -> int | None:
        """Return the number of the frame at `time` (seconds from the start of the video).

        Numbers rise, and leave out the moments for which there is no frame. None is for a frame at
        a moment that has one already.
        """
        if self._first is None:
            self._first = time
        # Counted from the first frame: times that jitter are far from a neighbour's number then.
        since = math.floor((time - self._first) * self._rate + _EARLY)
        number = round(self._first * self._rate) + since
        if number <= self._last:
            return None
        self._last = number
        return number


class Scaler:
    """Scales pictures to one size."""

    def __init__(self, width: int, height: int) -> None:
        """Take the size to make, in pixels."""
        self._size = width, height
        self._reformatter = VideoReformatter()

    def scale(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture at the new size."""
        return self._reformatter.reformat(frame, *self._size, dst_color_range=ColorRange.MPEG)


@dataclass(frozen=True)
class _Kind:
    """What decides how a decoded frame is made into a picture."""

    width: int
    height: int
    pixel_format: str
    colours: Colours
    full_range: bool
    interlaced: bool


class Preparation:
    """Makes decoded frames into pictures: upright, progressive, opaque, of one size and format.

    What is brighter or more colourful than BT.709 knows is brought down to it.
    """

    def __init__(self, width: int, height: int, rotation: int) -> None:
        """Take the size as displayed, in pixels, and the degrees to turn clockwise."""
        self._lying = (height, width) if rotation in (90, 270) else (width, height)
        self._turn = _TURNS[rotation]
        self._kind: _Kind | None = None
        self._interlaced = False
        self._graph: Graph | None = None
        self._numbers: deque[int] = deque()

    def make(self, frame: VideoFrame, number: int) -> Iterator[tuple[VideoFrame, int]]:
        """Yield the pictures that are ready, with their numbers: this frame's, or one before it."""
        # Films mix both kinds; the filter lets frames of the other kind pass.
        self._interlaced |= frame.interlaced_frame
        kind = _Kind(
            frame.width,
            frame.height,
            frame.format.name,
            Colours.of(frame),
            frame.color_range == ColorRange.JPEG,
            self._interlaced,
        )
        if kind != self._kind:
            yield from self.finish()
            self._kind, self._graph = kind, self._graph_for(kind, frame)
        assert self._graph is not None  # noqa: S101 - made with the kind
        frame.pts, frame.time_base = number, Fraction(1)
        self._numbers.append(number)
        self._graph.vpush(frame)
        yield from self._ready(self._graph)

    def finish(self) -> Iterator[tuple[VideoFrame, int]]:
        """Yield the pictures that are still held back."""
        if self._graph:
            self._graph.vpush(None)
            yield from self._ready(self._graph)
            self._graph = self._kind = None

    def _ready(self, graph: Graph) -> Iterator[tuple[VideoFrame, int]]:
        while True:
            try:
                picture = graph.vpull()
            except (BlockingIOError, EOFError):
                return
            # A decoded frame remembers its type, and an encoder would make it a key frame again.
            picture.pict_type = PictureType.NONE
            yield picture, self._numbers.popleft()

    def _graph_for(self, kind: _Kind, frame: VideoFrame) -> Graph:
        width, height = self._lying
        scale = f"{width}:{height}:flags=bilinear:out_range=tv"
        filters = [("bwdif", "mode=send_frame:deint=interlaced")] if kind.interlaced else []
        if is_beyond_bt709(kind.colours):
            # Colours are looked up one by one, so it is done when there are no more than needed.
            filters.append(("scale", f"{width}:{height}:flags=bilinear"))
            scale += _TO_BT709
        elif frame.format.is_rgb:
            scale += _RGB_TO_BT709
        filters.append(("scale", scale))
        if any(component.is_alpha for component in frame.format.components):
            filters += [("format", "yuva420p"), ("premultiply", "inplace=1")]
        filters += [("format", PIXEL_FORMAT), *self._turn]
        return _chain(kind, filters)


def _chain(kind: _Kind, filters: list[tuple[str, str]]) -> Graph:
    graph = Graph()
    source = (
        f"video_size={kind.width}x{kind.height}:pix_fmt={kind.pixel_format}:time_base=1/1"
        f":colorspace={kind.colours.space}:range={'pc' if kind.full_range else 'tv'}"
    )
    nodes = [
        graph.add("buffer", source),
        *(graph.add(name, arguments) for name, arguments in filters),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph
