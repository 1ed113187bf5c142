from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from vib.video.encode import FASTSTART

_KEY_FRAME_SECONDS = 10  # further apart, and one waits too long where one jumps to


class NotCopyableError(Exception):
    """A file is not what it seemed to be: its packets have to be encoded anew."""


class Mp4Copier:
    """Writes one MP4 file of the packets of another, its index in front.

    Use as a context manager; a file whose block was left by an exception is not playable.
    """

    def __init__(self, path: Path, video: VideoStream, audio: AudioStream | None) -> None:
        """Create the file, for the packets of these streams."""
        self._container = av.open(str(path), "w", format="mp4", options=dict(FASTSTART))
        self._streams = {
            stream.index: self._container.add_stream_from_template(stream)
            for stream in (video, audio)
            if stream is not None
        }
        self._video = video
        self._key_frame = Fraction(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._container.close()

    def write(self, packet: "Packet[Any]") -> None:
        """Add the next packet, which is not usable afterwards.

        Raises:
            NotCopyableError: it is damaged, or too far behind the last key frame.
        """
        if packet.is_corrupt or packet.pts is None or packet.dts is None:
            raise NotCopyableError
        if packet.stream.index == self._video.index:
            self._check_picture(packet, packet.pts * packet.time_base)
        packet.stream = self._streams[packet.stream.index]
        self._container.mux(packet)

    def _check_picture(self, packet: "Packet[Any]", time: Fraction) -> None:
        if packet.is_keyframe:
            self._key_frame = time
        # Pictures are cut off where a video was trimmed without being encoded anew.
        if packet.is_discard or time > self._key_frame + _KEY_FRAME_SECONDS:
            raise NotCopyableError
