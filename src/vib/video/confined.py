"""What looks into strangers' files, each time in a process of its own with limits."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from pydantic import TypeAdapter

from vib.errors import BadVideo
from vib.video import probe as probing
from vib.video import sandbox
from vib.video import transcode as transcoding
from vib.video.made import Made
from vib.video.probe import VideoInfo
from vib.video.renditions import DEFAULT_RENDITIONS, Rendition
from vib.video.sandbox import Limits, Sandbox
from vib.video.transcode import ignore

_MB = 2**20
_HOUR = 3600

# An honest video stays far below: see docs/benchmarks.md.
_PROBE = Limits(memory=4096 * _MB, cpu=120, file=_MB, seconds=600, silence=600)
_TRANSCODE = Limits(
    memory=6144 * _MB, cpu=200 * _HOUR, file=2**40, seconds=9.5 * _HOUR, silence=600
)
_CPU_AT_LEAST, _CPU_PER_SECOND = 300, 40
_BYTES_AT_LEAST, _BYTES_PER_SECOND = 64 * _MB, 3 * _MB

_MACHINES = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)  # what is no fault of a file

_INFO = TypeAdapter(VideoInfo)
_FILES = TypeAdapter(list[Made])
_RENDITIONS = TypeAdapter(list[Rendition])


def probe(path: Path) -> VideoInfo:
    """Find out what a video file is, as `probe.probe` does.

    Raises:
        BadVideo: it cannot be processed, or not with what a probe may use.
        OSError: the machine is in the way; trying again may help.
    """
    answer = Sandbox(__name__, _PROBE).run(path.name, {"path": str(path)}, ignore)
    return _INFO.validate_python(answer)


def transcode(
    path: Path,
    folder: Path,
    renditions: Sequence[Rendition] = DEFAULT_RENDITIONS,
    progress: Callable[[float], None] = ignore,
    *,
    sampled: bool = True,
) -> list[Made]:
    """Make everything that is made of a video, as `transcode.transcode` does.

    Raises:
        BadVideo: it cannot be processed, or not with what a video of its length may use.
        OSError: the machine is in the way; trying again may help.
    """
    request = {
        "path": str(path),
        "folder": str(folder),
        "sampled": sampled,
        "renditions": _RENDITIONS.dump_python(list(renditions), mode="json"),
    }
    answer = Sandbox(__name__, _TRANSCODE).run(path.name, request, progress)
    # Of what the other process says only names are believed, not folders.
    return [replace(file, path=folder / file.path.name) for file in _FILES.validate_python(answer)]


def _work(request: Any, progress: Callable[[float], None]) -> object:
    path = Path(request["path"])
    try:
        return _answer(path, request, progress)
    except MemoryError:
        raise
    except FFmpegError as error:
        if error.errno in _MACHINES:
            raise
        raise BadVideo(
            f"{path.name} is damaged: working on it ends with {error.strerror!r}."
        ) from error


def _answer(path: Path, request: Any, progress: Callable[[float], None]) -> object:
    info = probing.probe(path)
    if "folder" not in request:
        return _INFO.dump_python(info, mode="json")
    sandbox.tighten(
        cpu=_CPU_AT_LEAST + _CPU_PER_SECOND * info.duration,
        file=_BYTES_AT_LEAST + _BYTES_PER_SECOND * info.duration,
    )
    files = transcoding.transcode(
        path,
        info,
        Path(request["folder"]),
        _RENDITIONS.validate_python(request["renditions"]),
        progress,
        sampled=request["sampled"],
    )
    return _FILES.dump_python(files, mode="json")


if __name__ == "__main__":
    sandbox.serve(_work)
