from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from vib.video.colours import Colours
from vib.video.pictures import PIXEL_FORMAT
from vib.video.sound import LAYOUT, SAMPLE_RATE

FASTSTART = {"movflags": "+faststart"}  # the index in front, so that a file plays while it loads

# Weighted prediction stays on: without it the SSIM of a fade falls from .981 to .974.
_X264 = {"preset": "superfast", "crf": "23"}
_KEY_FRAME_SECONDS = 2


class Mp4Writer:
    """Writes one MP4 file: H.264 at a constant rate and AAC, its index in front.

    Use as a context manager; a file whose block was left by an exception is not playable.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        rate: Fraction,
        video_bitrate: int,
        audio_bitrate: int | None,
        colours: Colours,
    ) -> None:
        """Create the file.

        Args:
            path: where to write.
            size: width and height in pixels, both even.
            rate: frames per second.
            video_bitrate: bits per second that the picture stays under.
            audio_bitrate: bits per second of the sound; None for a file without sound.
            colours: what the numbers in the frames mean.
        """
        self._container = av.open(str(path), "w", format="mp4", options=dict(FASTSTART))
        # The buffer starts full: a small one keeps short videos under the limit too.
        rate_limit = {"maxrate": str(video_bitrate), "bufsize": str(video_bitrate // 2)}
        self._video = self._container.add_stream("libx264", rate, options=_X264 | rate_limit)
        self._video.width, self._video.height = size
        self._video.pix_fmt = PIXEL_FORMAT
        self._frame_time = 1 / rate
        context = self._video.codec_context
        context.time_base = self._frame_time
        context.gop_size = round(rate * _KEY_FRAME_SECONDS)
        context.color_range = ColorRange.MPEG
        context.colorspace = colours.space
        context.color_primaries = colours.primaries
        context.color_trc = colours.transfer
        self._audio = None
        if audio_bitrate is not None:
            self._audio = self._container.add_stream("aac", SAMPLE_RATE, layout=LAYOUT)
            self._audio.bit_rate = audio_bitrate

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
                self._flush()
        finally:
            self._container.close()

    def write_picture(self, frame: VideoFrame, number: int) -> None:
        """Add a frame of the file's size as the one of that number, one up from the one before."""
        frame.pts, frame.time_base = number, self._frame_time
        self._container.mux(self._video.encode(frame))

    def write_sound(self, frame: AudioFrame) -> None:
        """Add sound that goes on where the one before ended."""
        if self._audio:
            self._container.mux(self._audio.encode(frame))

    def _flush(self) -> None:
        self._container.mux(self._video.encode(None))
        if self._audio:
            self._container.mux(self._audio.encode(None))
