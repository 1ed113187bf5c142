import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from vib.errors import BadVideo
from vib.popeye import samples, stills
from vib.popeye.decode import Decoding
from vib.popeye.encode import Colours, Mp4Writer
from vib.popeye.pictures import RateCap, Scaler, Upright
from vib.popeye.probe import VideoInfo, audio_stream, open_video, video_stream
from vib.popeye.sound import Soundtrack

_log = logging.getLogger(__name__)

MAX_RATE = Fraction(30_000, 1001)  # frames per second

_OVERTIME = 1  # seconds after the declared end in which a timestamp is still believed
_LEAST_DECODED = 0.1  # of the pictures; with fewer there is nothing to watch
_LEAST_READ = 0.5  # of the duration
_REPORT_STEP = 0.01
_REPORT_SECONDS = 0.2


@dataclass(frozen=True)
class Rendition:
    """A size and quality in which a video is wanted.

    Attributes:
        name: what the rendition, and its file, is called.
        height: pixels of the shorter side, which is the height of a video that is not upright.
        video_bitrate: bits per second that the picture stays under.
        audio_bitrate: bits per second of the sound.
    """

    name: str
    height: int
    video_bitrate: int = 1_500_000
    audio_bitrate: int = 160_000


DEFAULT_RENDITIONS = (
    Rendition("720p", 720),
    Rendition("360p", 360, video_bitrate=600_000, audio_bitrate=96_000),
)


@dataclass(frozen=True)
class Made:
    """A file that was made from a video.

    Attributes:
        name: unique among the files made from one video.
        kind: `main`, `poster` or `thumbnail`.
        path: where it is.
        mimetype: such as `video/mp4`.
        width: pixels.
        height: pixels.
        bytes: the file's size.
        duration: seconds; None for a picture.
        bitrate: bits per second; None for a picture.
        timecode: the second of the video that a picture shows; None for a rendition.
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


def ignore(_fraction: float) -> None:
    """Take a report of progress and do nothing with it."""


def transcode(
    source: Path,
    info: VideoInfo,
    folder: Path,
    renditions: Sequence[Rendition] = DEFAULT_RENDITIONS,
    progress: Callable[[float], None] = ignore,
) -> list[Made]:
    """Make the renditions, the poster and the thumbnails of a video, decoding it once.

    Beside them, and not among what is returned, the frames that its faces are looked for in are
    written: `samples.FILENAME` in `folder`.

    No rendition is larger than the source: those that would be become one at the source's size. The
    files appear in `folder` together, when all are whole, under names that follow from the
    renditions' names; files of an earlier run are replaced.

    Args:
        source: the video file.
        info: what `probe` says about it.
        folder: an existing folder for the files.
        renditions: what is wanted; at least one, each with a name of its own.
        progress: called with the fraction done, 0 to 1, never going back. What it raises ends the
            work, leaves nothing behind and is passed on.

    Raises:
        BadVideo: so little of the file can be decoded that there is nothing to watch.
    """
    report = _Report(progress, info.duration)
    report.at(0.0)
    with TemporaryDirectory(prefix=".transcode-", dir=folder) as unfinished:
        made = _make(source, info, Path(unfinished), _plan(info, renditions), report)
        (Path(unfinished) / samples.FILENAME).replace(folder / samples.FILENAME)
        finished = [_published(file, folder) for file in made]
    progress(1.0)
    return finished


@dataclass(frozen=True)
class _Sized:
    rendition: Rendition
    size: tuple[int, int]


def _plan(info: VideoInfo, renditions: Sequence[Rendition]) -> list[_Sized]:
    """Return the renditions that will be made, the largest first."""
    source = min(info.width, info.height)
    smaller = [rendition for rendition in renditions if rendition.height < source]
    others = [rendition for rendition in renditions if rendition.height >= source]
    chosen = smaller + sorted(others, key=lambda rendition: rendition.height)[:1]
    chosen.sort(key=lambda rendition: rendition.height, reverse=True)
    return [_Sized(rendition, _size(info, min(rendition.height, source))) for rendition in chosen]


def _size(info: VideoInfo, shorter: int) -> tuple[int, int]:
    # H.264 with colour at half the resolution has even sides only.
    width, height = (
        max(2, side * shorter // min(info.width, info.height) // 2 * 2)
        for side in (info.width, info.height)
    )
    return width, height


def _make(
    source: Path, info: VideoInfo, folder: Path, plan: Sequence[_Sized], report: "_Report"
) -> list[Made]:
    with open_video(source) as container, ExitStack() as files:
        video = video_stream(container, source)
        audio = audio_stream(container)
        decoding = Decoding(container, video, audio)
        writers = [
            files.enter_context(_writer(sized, info, folder, video, with_sound=audio is not None))
            for sized in plan
        ]
        sampler = files.enter_context(
            samples.SampleWriter(folder / samples.FILENAME, info.width, info.height)
        )
        production = _Production(info, plan, writers, sampler)
        for decoded in decoding:
            for frame, time in decoded:
                production.add(frame, time)
            report.at(decoding.position)
        _check(decoding, info, source)
        pictures = production.finish()
    if not pictures:
        raise BadVideo(f"{source.name} is damaged: none of its pictures has a sensible time.")
    return [_described(sized, folder) for sized in plan] + _saved(pictures, folder)


def _writer(
    sized: _Sized, info: VideoInfo, folder: Path, video: VideoStream, *, with_sound: bool
) -> Mp4Writer:
    return Mp4Writer(
        _rendition_path(sized, folder),
        size=sized.size,
        rate=_rate(info),
        video_bitrate=sized.rendition.video_bitrate,
        audio_bitrate=sized.rendition.audio_bitrate if with_sound else None,
        colours=Colours.of(video),
    )


class _Production:
    """Sends every decoded frame to whatever is made from it."""

    def __init__(
        self,
        info: VideoInfo,
        plan: Sequence[_Sized],
        writers: Sequence[Mp4Writer],
        sampler: samples.SampleWriter,
    ) -> None:
        self._end = info.duration + _OVERTIME
        self._frame_time = 1 / _rate(info)
        self._cap = RateCap(MAX_RATE)
        self._time = -self._frame_time
        self._upright = Upright(*plan[0].size, info.rotation)
        self._scalers = [Scaler(*sized.size) for sized in plan]
        self._writers = writers
        self._sampler = sampler
        self._soundtrack = Soundtrack(self._end)
        self._poster = stills.poster_moment(info.duration)
        self._thumbnails = stills.thumbnail_moments(info.duration)
        self._picker = stills.StillPicker([self._poster, *self._thumbnails])

    def add(self, frame: VideoFrame | AudioFrame, time: Fraction | None) -> None:
        if isinstance(frame, AudioFrame):
            self._write_sound(self._soundtrack.add(frame, time))
        else:
            self._add_picture(frame, self._time + self._frame_time if time is None else time)

    def finish(self) -> list[stills.Still]:
        self._write_sound(self._soundtrack.finish())
        return self._picker.finish()

    def _add_picture(self, frame: VideoFrame, time: Fraction) -> None:
        if time > self._end or not self._cap.keeps(time):
            return
        self._time = time
        picture = self._upright.make(frame, max(time, Fraction(0)))
        self._sampler.offer(picture, float(max(time, Fraction(0))))
        for scaler, writer in zip(self._scalers, self._writers, strict=True):
            picture = scaler.scale(picture)
            writer.write_picture(picture)
        self._picker.offer(picture, float(time))

    def _write_sound(self, frames: Iterable[AudioFrame]) -> None:
        for frame in frames:
            for writer in self._writers:
                writer.write_sound(frame)


def _rate(info: VideoInfo) -> Fraction:
    """Return the frames per second to expect of the renditions."""
    return min(Fraction(info.fps).limit_denominator(1001), MAX_RATE) or MAX_RATE


def _check(decoding: Decoding, info: VideoInfo, source: Path) -> None:
    if decoding.damaged or decoding.broken_off:
        _log.warning(
            "%s is damaged",
            source.name,
            extra={"damaged_packets": decoding.damaged, "broken_off": decoding.broken_off},
        )
    if decoding.pictures <= _LEAST_DECODED * decoding.packets:
        raise BadVideo(
            f"{source.name} is damaged: only {decoding.pictures} of its {decoding.packets} "
            "pictures can be decoded."
        )
    if decoding.broken_off and decoding.position < _LEAST_READ * info.duration:
        raise BadVideo(
            f"{source.name} is damaged: it cannot be read past {decoding.position:.1f} of "
            f"{info.duration:.1f} s."
        )


def _rendition_path(sized: _Sized, folder: Path) -> Path:
    return folder / f"{sized.rendition.name}.mp4"


def _described(sized: _Sized, folder: Path) -> Made:
    path = _rendition_path(sized, folder)
    with open_video(path) as file:
        duration, bitrate = (file.duration or 0) / av.time_base, file.bit_rate
    width, height = sized.size
    return Made(
        name=sized.rendition.name,
        kind="main",
        path=path,
        mimetype="video/mp4",
        width=width,
        height=height,
        bytes=path.stat().st_size,
        duration=duration,
        bitrate=bitrate,
        timecode=None,
    )


def _saved(pictures: Sequence[stills.Still], folder: Path) -> list[Made]:
    """Write the poster, which comes first, and the thumbnails."""
    first, *rest = pictures
    return [
        _still("poster", "poster", stills.poster(first.image), first.timecode, folder),
        *(
            _still(f"thumbnail_{n}", "thumbnail", stills.thumbnail(p.image), p.timecode, folder)
            for n, p in enumerate(rest, start=1)
        ),
    ]


def _still(name: str, kind: str, image: Image.Image, timecode: float, folder: Path) -> Made:
    path = folder / f"{name}.jpg"
    stills.save_jpeg(image, path)
    return Made(
        name=name,
        kind=kind,
        path=path,
        mimetype="image/jpeg",
        width=image.width,
        height=image.height,
        bytes=path.stat().st_size,
        duration=None,
        bitrate=None,
        timecode=timecode,
    )


def _published(made: Made, folder: Path) -> Made:
    return replace(made, path=made.path.replace(folder / made.path.name))


class _Report:
    """Passes progress on: every hundredth, and several times a second while it creeps."""

    def __init__(self, progress: Callable[[float], None], duration: float) -> None:
        self._progress = progress
        self._duration = duration
        self._fraction = -1.0
        self._moment = 0.0

    def at(self, position: float) -> None:
        fraction = max(self._fraction, min(position / self._duration, 1 - _REPORT_STEP))
        now = monotonic()
        if fraction >= self._fraction + _REPORT_STEP or now >= self._moment + _REPORT_SECONDS:
            self._fraction, self._moment = fraction, now
            self._progress(fraction)
