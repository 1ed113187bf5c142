"""Strangers' photographs, each opened in a process with limits."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vib.errors import BadVideo
from vib.faces.photograph_file import BadPhotograph, Photograph, open_photograph
from vib.video import sandbox
from vib.video.sandbox import Limits, Sandbox

_MB = 2**20
# The largest photograph that is taken, decoded and made opaque, needs less than half of it.
_LIMITS = Limits(memory=4096 * _MB, cpu=120, file=64 * _MB, seconds=300, silence=60)


def open_photographs(paths: Sequence[Path], folder: Path) -> Iterator[Photograph | BadPhotograph]:
    """Open photographs, as `open_photograph` does; what is none comes as the reason why.

    One process opens them all. Where that fails as a whole, each gets one of its own, so that the
    one that crashes its decoder is found.

    Args:
        paths: the files, each with a name of its own.
        folder: for their pixels on the way, empty.

    Raises:
        OSError: the machine is in the way; trying again may help.
    """
    try:
        opened = _open(paths, folder)
    except BadVideo as error:
        if len(paths) == 1:
            yield BadPhotograph(str(error))
        else:
            for path in paths:
                yield from open_photographs([path], folder)
        return
    for path, said in zip(paths, opened, strict=True):
        yield _photograph(_pixels(folder, path), said)


def _open(paths: Sequence[Path], folder: Path) -> list[dict[str, Any]]:
    request = {"paths": [str(path) for path in paths], "folder": str(folder)}
    name = paths[0].name if len(paths) == 1 else f"one of {len(paths)} photographs"
    answer: list[dict[str, Any]] = Sandbox(__name__, _LIMITS).run(name, request, lambda _: None)
    return answer


def _photograph(pixels: Path, said: dict[str, Any]) -> Photograph | BadPhotograph:
    if "bad" in said:
        return BadPhotograph(said["bad"])
    rgb = np.fromfile(pixels, np.uint8).reshape(said["height"], said["width"], 3)
    pixels.unlink()
    return Photograph(rgb, float(said["scale"]))


def _pixels(folder: Path, path: Path) -> Path:
    return folder / f"{path.name}.rgb"


def _work(request: Any, progress: Callable[[float], None]) -> object:
    opened: list[dict[str, Any]] = []
    for path in map(Path, request["paths"]):
        progress(len(opened) / len(request["paths"]))
        try:
            photograph = open_photograph(path.read_bytes())
        except BadPhotograph as error:
            opened.append({"bad": str(error)})
        else:
            photograph.rgb.tofile(_pixels(Path(request["folder"]), path))
            height, width, _ = photograph.rgb.shape
            opened.append({"height": height, "width": width, "scale": photograph.scale})
    return opened


if __name__ == "__main__":
    sandbox.serve(_work)
