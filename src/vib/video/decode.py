import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vib.video.demux import packets
from vib.video.probe import MAX_PIXELS
from vib.video.timeline import Timeline, clock_jumps, start_of

_MAX_THREADS = 4  # each holds pictures of its own

Decoded = tuple[VideoFrame | AudioFrame, Fraction | None]
"""A frame, and its time in seconds from the file's start if it has one."""


class Decoding:
    """Decodes a file's picture and sound in one pass, over damaged spots and jumps of its clock.

    Attributes:
        position: seconds from the start up to which the file has been read.
        packets: the number of packets of the picture read so far.
        pictures: the number of pictures decoded so far.
        damaged: the number of packets, of either kind, that could not be decoded.
        broken_off: the file could not be read to its end.
    """

    def __init__(
        self,
        container: InputContainer,
        video: VideoStream,
        audio: AudioStream | None,
        taps: Sequence[Callable[["Packet[Any]"], None]] = (),
    ) -> None:
        """Take an open file and the streams to decode; nothing is read yet.

        Args:
            container: the file.
            video: its picture.
            audio: its sound, if there is some.
            taps: called with every packet once it is decoded.
        """
        self.position = 0.0
        self.packets = 0
        self.pictures = 0
        self.damaged = 0
        self.broken_off = False
        self._container = container
        self._streams: list[VideoStream | AudioStream] = [video]
        if audio is not None:
            self._streams.append(audio)
        self._taps = taps
        self._start = start_of(container)
        self._timeline = Timeline(self._start) if clock_jumps(container) else None
        video.thread_type = "AUTO"
        video.codec_context.thread_count = min(_MAX_THREADS, len(os.sched_getaffinity(0)))
        # The file's header was checked; what a frame in the middle says of its size was not.
        video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}

    def __iter__(self) -> Iterator[list[Decoded]]:
        """Yield what each packet decodes to, which may be nothing."""
        for packet in self._packets():
            self.packets += packet.stream.type == "video"
            yield self._decode(packet.stream, packet)
            for tap in self._taps:
                tap(packet)
        for stream in self._streams:
            yield self._decode(stream, None)

    def _packets(self) -> Iterator[Any]:
        try:
            # The empty packets at the end are left out: they flush, which is done above.
            yield from (each for each in packets(self._container, *self._streams) if each.size)
        except MemoryError:
            raise
        except FFmpegError:
            self.broken_off = True

    def _decode(self, stream: VideoStream | AudioStream, packet: Any) -> list[Decoded]:
        try:
            frames = stream.decode(packet)
        except MemoryError:
            raise
        except FFmpegError:
            self.damaged += 1
            return []
        if stream.type == "video":
            self.pictures += len(frames)
        return [(frame, self._time(frame.pts, stream)) for frame in frames]

    def _time(self, stamp: int | None, stream: Stream) -> Fraction | None:
        # Frames that come out at the end do not know their time base; the stream does.
        if stamp is None or stream.time_base is None:
            return None
        time = stamp * stream.time_base
        placed = self._timeline.place(stream.index, time) if self._timeline else time - self._start
        self.position = max(self.position, float(placed))
        return placed
