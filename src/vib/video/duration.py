from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from vib.errors import BadVideo
from vib.video.demux import packets
from vib.video.timeline import Timeline, clock_jumps, start_of

MAX_DURATION = 24 * 3600.0

_TAIL_TOLERANCE = 1.0  # seconds; headers round, and some say a little more than there is
_TAIL = 5  # seconds of the file's end that are read


def checked_duration(
    container: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    path: Path,
    reopen: Callable[[], AbstractContextManager[InputContainer]],
) -> float:
    """Return a file's duration in seconds, having seen that it is all there.

    Args:
        container: the file.
        video: its picture.
        audio: its sound, if there is some.
        path: where it is.
        reopen: opens it once more, for where one cannot go back in it.

    Raises:
        BadVideo: the file is truncated, a still picture, or too long.
    """
    if clock_jumps(container):
        # What such a file says of itself is the difference of two times of its clock.
        tail = _read(container, Timeline(start_of(container)))
        duration = tail.end
    else:
        tail = _read_tail(container, reopen)
        # Some containers do not say it, or say less than they hold.
        duration = max((container.duration or 0) / av.time_base, tail.end)
    if duration > MAX_DURATION:
        hours = MAX_DURATION / 3600
        raise BadVideo(f"{path.name} is longer than the {hours:.0f} hours that can be processed.")
    if tail.end < duration - max(_TAIL_TOLERANCE, 0.01 * duration):
        raise BadVideo(
            f"{path.name} is truncated: it ends after {tail.end:.1f} of {duration:.1f} s."
        )
    if tail.cut:
        raise BadVideo(f"{path.name} is truncated: it ends in the middle of a frame.")
    alone = video.frames == 1 or (tail.pictures == 1 and duration < _TAIL)
    if alone and audio is None:
        raise BadVideo(f"{path.name} is a still picture, not a video.")
    if duration <= 0:
        raise BadVideo(f"{path.name} has no duration.")
    return duration


@dataclass(frozen=True)
class _Tail:
    """What the last packets of a file tell.

    Attributes:
        end: where the last one ends, in seconds from the file's start.
        pictures: how many of them are pictures.
        cut: the last one ends in the middle.
    """

    end: float
    pictures: int
    cut: bool


def _read_tail(
    container: InputContainer, reopen: Callable[[], AbstractContextManager[InputContainer]]
) -> _Tail:
    """Read the packets of the file's last seconds, without decoding."""
    start, duration = container.start_time or 0, container.duration or 0
    try:
        container.seek(start + max(0, duration - _TAIL * av.time_base))
    except FFmpegError:
        tail = None
    else:
        tail = _read(container)
    if tail and tail.pictures:
        return tail
    # A file that lost its tail has nothing there, and is looked at as a whole.
    with reopen() as whole:
        return _read(whole)


def _read(container: InputContainer, timeline: Timeline | None = None) -> _Tail:
    """Read what is left of a file, whose clock jumps if a timeline is given."""
    end, pictures, cut = Fraction(0), 0, False
    try:
        for packet in packets(container):
            if packet.size and not packet.is_discard:
                end = max(end, _end_of(packet, timeline or start_of(container)))
                pictures += packet.stream.type == "video"
                cut = packet.is_corrupt
    except MemoryError:
        raise
    except FFmpegError:
        cut = True
    return _Tail(float(end), pictures, cut)


def _end_of(packet: "Packet[Any]", begin: Timeline | Fraction) -> Fraction:
    """Return where a packet ends, in seconds from the file's start."""
    shown = packet.dts if packet.pts is None else packet.pts
    if shown is None:
        return Fraction(0)
    end = (shown + (packet.duration or 0)) * packet.time_base
    if isinstance(begin, Fraction):
        return end - begin
    # Pictures are stored in the order in which they are decoded.
    decoded = (shown if packet.dts is None else packet.dts) * packet.time_base
    return begin.place(packet.stream.index, decoded) + end - decoded
