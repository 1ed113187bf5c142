"""The sampled frames of a video, which the face detector looks at in place of the video itself.

They are one Matroska file of JPEG pictures, upright, with their times, about four a second. Any
player shows it. Every picture stands alone: it is written for what scaling and a JPEG cost.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from vib.errors import VibError

RATE = 4.0  # frames a second
LONGEST_SIDE = 1280  # pixels; a face is found on half of it, and told apart on all of it
FILENAME = "samples.mkv"
MIMETYPE = "video/x-matroska"

_QUALITY = {"qmin": "3", "qmax": "3", "huffman": "default"}  # of 1 to 31, the finest first
_TIME_BASE = Fraction(1, 1000)
_HALF = 0.5
_FORMAT = "yuvj420p"  # JPEG's own: full range, the matrix of BT.601


class SampleWriter:
    """Writes the sampled frames of one video, chosen from the frames that pass by.

    Use as a context manager; a file whose block was left by an exception is not whole.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Create the file.

        Args:
            path: where to write.
            width: the video's, in pixels as displayed.
            height: the same.
        """
        scale = min(1.0, LONGEST_SIDE / max(width, height))
        self._size = max(1, round(width * scale)), max(1, round(height * scale))
        self._reformatter = VideoReformatter()
        self._due = 0.0
        self._container = av.open(str(path), "w", format="matroska")
        self._container.metadata.update({"VIDEO_WIDTH": str(width), "VIDEO_HEIGHT": str(height)})
        self._stream = self._container.add_stream("mjpeg", Fraction(RATE), options=_QUALITY)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = _FORMAT
        context = self._stream.codec_context
        context.time_base = _TIME_BASE
        context.color_range = ColorRange.JPEG
        context.thread_count = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def offer(self, frame: VideoFrame, timecode: float) -> None:
        """Take the upright frame at `timecode` (seconds, never going back) if one is due."""
        if timecode < self._due:
            return
        self._due = (math.floor(timecode * RATE) + 1) / RATE
        sample = self._reformatter.reformat(
            frame,
            *self._size,
            _FORMAT,
            interpolation=Interpolation.AREA,
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.JPEG,
        )
        sample.pts, sample.time_base = round(timecode / _TIME_BASE), _TIME_BASE
        sample.pict_type = PictureType.NONE
        self._container.mux(self._stream.encode(sample))


class Sample:
    """One sampled frame, which is not decoded before somebody wants to see it.

    Attributes:
        timecode: seconds from the start of the video.
        width: pixels of `picture()`, which are fewer than the video's where that is large.
        height: the same.
    """

    def __init__(self, packet: "Packet[VideoStream]", stream: VideoStream) -> None:
        """Take a frame as it is in the file."""
        self.timecode = float((packet.pts or 0) * (packet.time_base or _TIME_BASE))
        self.width, self.height = stream.width, stream.height
        self._jpeg = bytes(packet)

    def picture(self, scale: float = 1.0) -> NDArray[np.uint8]:
        """Return the frame, (height, width, 3) RGB, scaled down.

        Half of it or less costs about half as much as all of it.

        Raises:
            VibError: it is damaged.
        """
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        try:
            return self._small(size) if scale <= _HALF else self._large(size)
        except (FFmpegError, OSError, ValueError) as error:
            raise VibError(f"The sampled frame at {self.timecode:.2f} s is damaged.") from error

    def _small(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Decode as few of a JPEG's frequencies as the size needs, which Pillow can."""
        with Image.open(BytesIO(self._jpeg)) as image:
            image.draft("RGB", size)
            return np.asarray(image if image.size == size else image.resize(size))

    def _large(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Decode everything, for which FFmpeg is the faster one."""
        decoder = VideoCodecContext.create("mjpeg", "r")
        decoder.thread_count = 1
        (frame,) = decoder.decode(Packet(self._jpeg))
        rgb = frame.to_ndarray(
            format="rgb24", width=size[0], height=size[1], interpolation=Interpolation.FAST_BILINEAR
        )
        return np.asarray(rgb, np.uint8)


class Samples:
    """The sampled frames of one video, read back in order of time.

    Use as a context manager, and iterate over it once.

    Attributes:
        width: the video's pixels as displayed, to which places on a sample may be scaled.
        height: the same.
        duration: seconds.
    """

    def __init__(self, path: Path) -> None:
        """Open a file of a `SampleWriter`.

        Raises:
            VibError: it is not one, or not whole.
        """
        self._path = path
        self._container = self._opened()
        try:
            self.width, self.height = (
                int(self._container.metadata[name]) for name in ("VIDEO_WIDTH", "VIDEO_HEIGHT")
            )
        except (KeyError, ValueError) as error:
            self._container.close()
            raise self._bad() from error
        self.duration = (self._container.duration or 0) / av.time_base

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Sample]:
        """Yield every frame.

        Raises:
            VibError: the file is damaged.
        """
        stream = self._container.streams.video[0]
        try:
            for packet in self._container.demux(stream):
                if packet.size:  # the last is empty
                    yield Sample(packet, stream)
        except FFmpegError as error:
            raise self._bad() from error

    def _opened(self) -> InputContainer:
        try:
            return av.open(
                str(self._path.absolute()),
                format="matroska",
                options={"protocol_whitelist": "file"},
            )
        except FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise self._bad() from error

    def _bad(self) -> VibError:
        return VibError(f"{self._path.name} does not hold the sampled frames of a video.")
