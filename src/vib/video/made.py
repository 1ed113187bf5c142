from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from vib.video.probe import open_video


@dataclass(frozen=True)
class Made:
    """A file that was made from a video.

    Attributes:
        name: unique among the files of its kind.
        kind: `main`, `poster`, `poster_animated`, `thumbnail` or `image`.
        path: where it is.
        mimetype: such as `video/mp4`.
        width: pixels.
        height: pixels.
        bytes: the file's size.
        duration: seconds; None for a picture.
        bitrate: bits per second; None for a picture.
        timecode: the second of the video that a picture shows; None for what moves.
    """

    name: str
    kind: str
    path: Path
    mimetype: str
    width: int
    height: int
    bytes: int
    duration: float | None
    bitrate: int | None
    timecode: float | None


def rendition(name: str, path: Path, size: tuple[int, int]) -> Made:
    """Describe an MP4 file that was written."""
    with open_video(path) as file:
        duration, bitrate = (file.duration or 0) / av.time_base, file.bit_rate
    return Made(
        name=name,
        kind="main",
        path=path,
        mimetype="video/mp4",
        width=size[0],
        height=size[1],
        bytes=path.stat().st_size,
        duration=duration,
        bitrate=bitrate,
        timecode=None,
    )


def picture(name: str, kind: str, path: Path, timecode: float | None) -> Made:
    """Describe a picture that was written."""
    with Image.open(path) as image:
        mimetype, size = image.get_format_mimetype(), image.size
    return Made(
        name=name,
        kind=kind,
        path=path,
        mimetype=mimetype or "application/octet-stream",
        width=size[0],
        height=size[1],
        bytes=path.stat().st_size,
        duration=None,
        bitrate=None,
        timecode=timecode,
    )
