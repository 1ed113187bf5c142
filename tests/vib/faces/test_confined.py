from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vib.errors import BadVideo
from vib.faces import confined
from vib.faces.confined import open_photographs
from vib.faces.photograph_file import BadPhotograph, Photograph, open_photograph

Picture = NDArray[np.uint8]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pixels may be kept on the way."""
    folder = tmp_path / "pixels"
    folder.mkdir()
    return folder


@pytest.fixture
def paths(tmp_path: Path, astronaut: Picture, coffee: Picture) -> list[Path]:
    """Two photographs, and between them a file that is none."""
    paths = [tmp_path / name for name in ("astronaut", "text", "coffee")]
    Image.fromarray(astronaut).save(paths[0], "JPEG")
    paths[1].write_bytes(b"Dear Grace" * 50)
    Image.fromarray(coffee).save(paths[2], "PNG")
    return paths


def same(opened: object, path: Path) -> bool:
    expected = open_photograph(path.read_bytes())
    assert isinstance(opened, Photograph)
    return opened.scale == expected.scale and np.array_equal(opened.rgb, expected.rgb)


def test_photographs_are_opened_as_they_are_in_this_process(
    paths: Sequence[Path], folder: Path
) -> None:
    astronaut, text, coffee = open_photographs(paths, folder)

    assert same(astronaut, paths[0])
    assert same(coffee, paths[2])
    assert isinstance(text, BadPhotograph)
    assert "not a photograph" in str(text)
    assert list(folder.iterdir()) == []


def test_a_photograph_that_crashes_the_process_spoils_no_other(
    paths: Sequence[Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confined.Sandbox.run

    def crashing(self: confined.Sandbox, name: str, request: object, progress: object) -> object:
        assert isinstance(request, dict)
        if str(paths[1]) in request["paths"]:
            raise BadVideo("... is damaged in a way that crashes its decoder.")
        return run(self, name, request, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(confined.Sandbox, "run", crashing)

    astronaut, text, coffee = open_photographs(paths, folder)

    assert same(astronaut, paths[0])
    assert same(coffee, paths[2])
    assert isinstance(text, BadPhotograph)


def test_a_machine_in_the_way_is_no_fault_of_a_photograph(
    paths: Sequence[Path], folder: Path
) -> None:
    folder.rmdir()

    with pytest.raises(OSError, match="No such file or directory"):
        list(open_photographs(paths, folder))


@pytest.mark.slow
def test_the_largest_photograph_fits_into_the_process(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "large"
    Image.new("P", (8_900, 8_900)).save(path, "PNG", transparency=0, compress_level=1)

    (large,) = open_photographs([path], folder)

    assert isinstance(large, Photograph)
    assert large.rgb.shape == (2560, 2560, 3)
