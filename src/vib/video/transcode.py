import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vib.errors import BadVideo
from vib.video import made, samples
from vib.video.colours import Colours
from vib.video.copy import Mp4Copier, NotCopyableError
from vib.video.decode import Decoding
from vib.video.duration import MAX_DURATION
from vib.video.encode import Mp4Writer
from vib.video.made import Made
from vib.video.probe import VideoInfo, audio_stream, open_video, video_stream
from vib.video.production import Production
from vib.video.renditions import DEFAULT_RENDITIONS, Planned, Rendition, output_rate, plan
from vib.video.timeline import clock_jumps

_log = logging.getLogger(__name__)

_OVERTIME = 1  # seconds after the declared end in which a timestamp is still believed
_LEAST_DECODED = 0.1  # of the pictures; with fewer there is nothing to watch
_LEAST_READ = 0.5  # of the duration
_PACKAGING = 1.05  # times the bits of picture and sound
_REPORT_STEP = 0.01
_REPORT_SECONDS = 0.2


def ignore(_fraction: float) -> None:
    """Take a report of progress and do nothing with it."""


def transcode(
    source: Path,
    info: VideoInfo,
    folder: Path,
    renditions: Sequence[Rendition] = DEFAULT_RENDITIONS,
    progress: Callable[[float], None] = ignore,
    *,
    sampled: bool = True,
) -> list[Made]:
    """Make the renditions, the posters, thumbnails and stills of a video, decoding it once.

    Beside them, and not among what is returned, the frames that its faces are looked for in are
    written if they are wanted: `samples.FILENAME` in `folder`.

    No rendition is larger than the source: those that would be become one at the source's size,
    which is a copy if the source is what is wanted. The files appear in `folder` together, when all
    are whole, under names that follow from what they are; files of an earlier run are replaced.

    Args:
        source: the video file.
        info: what `probe` says about it.
        folder: an existing folder for the files.
        renditions: what is wanted; at least one, each with a name of its own.
        progress: called with the fraction done, 0 to 1, never going back. What it raises ends the
            work, leaves nothing behind and is passed on.
        sampled: whether the frames for the faces are wanted.

    Raises:
        BadVideo: so little of the file can be decoded that there is nothing to watch.
    """
    report = _Report(progress, info.duration)
    report.at(0.0)

    def attempt(planned: Sequence[Planned]) -> list[Made]:
        with TemporaryDirectory(prefix=".transcode-", dir=folder) as unfinished:
            files = _make(source, info, Path(unfinished), planned, report, sampled=sampled)
            for path in Path(unfinished).iterdir():
                path.replace(folder / path.name)
        return [replace(file, path=folder / file.path.name) for file in files]

    try:
        finished = attempt(plan(info, renditions))
    except NotCopyableError:
        finished = attempt(plan(info, renditions, copy=False))
    progress(1.0)
    return finished


def _make(
    source: Path,
    info: VideoInfo,
    folder: Path,
    planned: Sequence[Planned],
    report: "_Report",
    *,
    sampled: bool,
) -> list[Made]:
    with open_video(source) as container, ExitStack() as files:
        video = video_stream(container, source)
        audio = audio_stream(container)
        writers = [
            (each.size, files.enter_context(_writer(each, info, folder, video, audio)))
            for each in planned
            if not each.copied
        ]
        copiers = [
            files.enter_context(Mp4Copier(_path(each, folder), video, audio))
            for each in planned
            if each.copied
        ]
        end = MAX_DURATION if clock_jumps(container) else info.duration + _OVERTIME
        sampler = None
        if sampled:
            path = folder / samples.FILENAME
            sampler = files.enter_context(samples.SampleWriter(path, info.width, info.height))
        production = Production(info, writers, sampler, folder, end)
        decoding = Decoding(container, video, audio, [copier.write for copier in copiers])
        for decoded in decoding:
            for frame, time in decoded:
                production.add(frame, time)
            report.at(decoding.position)
        if copiers and (decoding.damaged or decoding.broken_off):
            raise NotCopyableError
        _check(decoding, info, source)
        pictures = production.finish()
        if not pictures:
            raise BadVideo(f"{source.name} is damaged: none of its pictures has a sensible time.")
    renditions = [made.rendition(p.rendition.name, _path(p, folder), p.size) for p in planned]
    for each, file in zip(planned, renditions, strict=True):
        allowed = each.rendition.video_bitrate + each.rendition.audio_bitrate
        if each.copied and (file.bitrate or 0) > _PACKAGING * allowed:
            raise NotCopyableError
    return [*renditions, *pictures]


def _writer(
    planned: Planned, info: VideoInfo, folder: Path, video: VideoStream, audio: AudioStream | None
) -> Mp4Writer:
    rendition = planned.rendition
    return Mp4Writer(
        _path(planned, folder),
        size=planned.size,
        rate=output_rate(info),
        video_bitrate=rendition.video_bitrate,
        audio_bitrate=rendition.audio_bitrate if audio else None,
        colours=Colours.of(video).made(video.height),
    )


def _path(planned: Planned, folder: Path) -> Path:
    return folder / f"{planned.rendition.name}.mp4"


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
