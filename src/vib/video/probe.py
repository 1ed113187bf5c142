import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vib.errors import BadVideo
from vib.video.demux import packets
from vib.video.duration import checked_duration
from vib.video.playable import has_constant_rate, plays_anywhere

# Formats that hold their own data. Playlists (HLS, DASH, concat, SDP, ...) are what this list keeps
# out: they make the reader open other files and addresses.
_FORMATS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "dv")
_MAX_STREAMS = 64
_SAFE_INPUT = {
    "format_whitelist": ",".join(_FORMATS),
    # The file is handed over open. With any other protocol shut, no other can be.
    "protocol_whitelist": "fd",
    "max_streams": str(_MAX_STREAMS),
}

MAX_SIDE = 8192
MAX_PIXELS = 36_000_000
MAX_FPS = 1000

_FIRST_FRAME_PACKETS = 500  # so many packets without one picture, and there will be none


@dataclass(frozen=True)
class VideoInfo:
    """The facts about a video file that the pipeline works with.

    Attributes:
        duration: seconds.
        width: pixels as displayed: rotation and pixel aspect ratio applied.
        height: pixels as displayed.
        rotation: degrees clockwise (0, 90, 180, 270) that turn a decoded frame upright.
        fps: frames per second on average.
        constant_rate: the frames are equally far apart.
        frames: the number of frames, where the container says it.
        video_codec: FFmpeg's name for the codec, such as `h264`.
        audio_codec: the same for the sound; None without sound.
        bitrate: bits per second, everything included; None if unknown.
        video_bitrate: the same of the picture.
        audio_bitrate: the same of the sound.
        plays_anywhere: every browser shows it as it is.
        container: FFmpeg's name for the file format, such as `matroska,webm`.
        bytes: the file's size.
        recorded_at: when the camera says the recording began, with its time zone.
    """

    duration: float
    width: int
    height: int
    rotation: int
    fps: float
    constant_rate: bool
    frames: int | None
    video_codec: str
    audio_codec: str | None
    bitrate: int | None
    video_bitrate: int | None
    audio_bitrate: int | None
    plays_anywhere: bool
    container: str
    bytes: int
    recorded_at: datetime | None


def probe(path: Path) -> VideoInfo:
    """Find out what a video file is, and that it is whole.

    Decodes one frame and reads the packets behind the last key frame, so the time it takes does not
    grow with the video, unless the file has neither an index nor a duration.

    Raises:
        BadVideo: there is no such file, or it is no video, or one that cannot be processed: empty,
            truncated, a playlist, a still picture, sound alone, absurdly large or long.
    """
    with open_video(path) as container:
        video = video_stream(container, path)
        audio = audio_stream(container)
        first = _first_frame(container, video, path)
        rotation = _clockwise(first.rotation)
        width, height = _displayed_size(first, video, rotation)
        _check_size(width, height, path)
        fps = video.average_rate or video.guessed_rate or Fraction(0)
        if fps > MAX_FPS:
            raise BadVideo(
                f"{path.name} has {float(fps):.0f} frames a second; at most {MAX_FPS} can be."
            )
        return VideoInfo(
            duration=checked_duration(container, video, audio, path, partial(open_video, path)),
            width=width,
            height=height,
            rotation=rotation,
            fps=float(fps),
            constant_rate=has_constant_rate(video),
            frames=video.frames or None,
            video_codec=video.codec_context.name,
            audio_codec=audio.codec_context.name if audio else None,
            bitrate=container.bit_rate or None,
            video_bitrate=video.bit_rate or None,
            audio_bitrate=(audio.bit_rate if audio else None) or None,
            plays_anywhere=plays_anywhere(container, video, audio, first),
            container=container.format.name,
            bytes=container.size,
            recorded_at=_recorded_at(container.metadata),
        )


@contextmanager
def open_video(path: Path) -> Iterator[InputContainer]:
    """Open a video file so that nothing but this file is ever read, whatever it contains.

    Raises:
        BadVideo: there is no such file, or it is not in one of the known video formats.
    """
    _check_file(path)
    with path.open("rb") as file:
        options = _SAFE_INPUT | {"fd": str(file.fileno())}
        try:
            container = av.open("fd:", options=options, metadata_errors="replace")
        except OSError:
            raise
        except FFmpegError as error:
            raise BadVideo(_why_not_opened(path)) from error
        with container:
            yield container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream to watch: the largest that is no cover picture.

    Raises:
        BadVideo: there is none, or its codec is unknown.
    """
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise BadVideo(f"{path.name} has no video stream, only {_what_else(container)}.")
    known = [stream for stream in moving if _has_codec(stream)]
    if not known:
        raise BadVideo(f"{path.name} is encoded with a video codec that is not known here.")
    return max(known, key=lambda stream: stream.width * stream.height)


def audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the sound to listen to, if there is some.

    Of several streams it is the one that is marked as the default; the first if none is.
    """
    known = [stream for stream in container.streams.audio if _has_codec(stream)]
    return max(
        known, key=lambda stream: bool(stream.disposition & Disposition.default), default=None
    )


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise BadVideo(f"{path} is a folder, not a video file.")
    if not path.exists():
        raise BadVideo(f"There is no file {path}.")
    if not path.is_file():
        raise BadVideo(f"{path} is not an ordinary file.")
    if not os.access(path, os.R_OK):
        raise BadVideo(f"{path} may not be read by this user.")
    if path.stat().st_size == 0:
        raise BadVideo(f"{path.name} is empty (0 bytes).")


def _why_not_opened(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:12] not in (b"avif", b"heic", b"mif1"):
        return f"{path.name} is truncated or damaged: the index of an MP4 file (moov) is missing."
    return f"{path.name} is not a video, or not in a video format that is known here."


def _has_codec(stream: Any) -> bool:
    # PyAV's types do not say that a stream of an unknown codec has no context.
    return stream.codec_context is not None


def _what_else(container: InputContainer) -> str:
    return "sound" if container.streams.audio else "other data"


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    _check_size(stream.width, stream.height, path)
    for count, packet in enumerate(packets(container, stream)):
        try:
            frames = packet.decode()
        except FFmpegError:
            frames = []
        if frames:
            return frames[0]
        if count > _FIRST_FRAME_PACKETS:
            break
    raise BadVideo(f"{path.name} is damaged: none of its pictures can be decoded.")


def _clockwise(counterclockwise: int) -> int:
    return round(-counterclockwise / 90) % 4 * 90


def _displayed_size(frame: VideoFrame, stream: VideoStream, rotation: int) -> tuple[int, int]:
    width = max(1, round(frame.width * (stream.sample_aspect_ratio or 1)))
    return (frame.height, width) if rotation in (90, 270) else (width, frame.height)


def _check_size(width: int, height: int, path: Path) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadVideo(
            f"{path.name} is {width}x{height} pixels; at most {MAX_SIDE} on a side and "
            f"{MAX_PIXELS // 1_000_000} million in all can be processed."
        )


def _recorded_at(metadata: dict[str, str]) -> datetime | None:
    # Apple's own key has the camera's time zone; the standard one is in UTC.
    for key in ("com.apple.quicktime.creationdate", "creation_time"):
        try:
            moment = datetime.fromisoformat(metadata[key])
        except (KeyError, ValueError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
