import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from harness.swf_server import SRC
from vib.errors import VibError
from vib.faces.models import DLIB_RESNET, YUNET, Network, default_cache, open_network


@pytest.fixture
def conversions() -> list[int]:
    """Grows by one whenever `counted` is converted."""
    return []


@pytest.fixture
def counted(conversions: list[int]) -> Network:
    def convert(data: bytes) -> onnx.ModelProto:
        conversions.append(len(data))
        return YUNET.convert(data)

    return replace(YUNET, convert=convert)


def test_the_detector_takes_pictures_of_any_size_that_32_divides(cache: Path) -> None:
    session = open_network(YUNET, cache=cache)

    wide = session.run(["cls_8"], {"picture": np.zeros((1, 64, 96, 3), np.uint8)})[0]
    high = session.run(["cls_8"], {"picture": np.zeros((1, 320, 32, 3), np.uint8)})[0]

    assert wide.shape == (1, 64 // 8 * 96 // 8, 1)
    assert high.shape == (1, 320 // 8 * 32 // 8, 1)


def test_a_network_is_converted_once(
    counted: Network, conversions: list[int], tmp_path: Path
) -> None:
    open_network(counted, cache=tmp_path / "new" / "folder")
    open_network(counted, cache=tmp_path / "new" / "folder")

    assert len(conversions) == 1


def test_many_at_once_may_find_an_empty_cache(counted: Network, tmp_path: Path) -> None:
    def opened(_: int) -> int:
        return len(open_network(counted, cache=tmp_path).get_inputs())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(opened, range(16))) == [1] * 16

    assert [path.suffix for path in tmp_path.iterdir()] == [".onnx"]


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def convert(_: bytes) -> onnx.ModelProto:
        raise MemoryError

    with pytest.raises(MemoryError):
        open_network(replace(YUNET, convert=convert), cache=tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda network: replace(network, sha256="0" * 64), "not the file that was tested"),
        (lambda network: replace(network, file="no/such/file"), "is missing"),
        (lambda network: replace(network, package="no_such_package"), "is not installed"),
    ],
    ids=["another file", "no file", "no package"],
)
def test_weights_that_cannot_be_trusted_are_refused_in_a_sentence(
    change: Callable[[Network], Network], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(VibError, match=complaint):
        open_network(change(DLIB_RESNET), cache=tmp_path)


def test_the_cache_is_where_the_user_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "vib"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_cache() == Path("/home/somebody/.cache/vib")


def test_what_runs_the_networks_tells_nobody_of_it(tmp_path: Path) -> None:
    home, networks = tmp_path / "home", tmp_path / "networks"
    home.mkdir()
    program = (
        "from sys import argv; from pathlib import Path; from vib.faces.models import *;"
        "open_network(YUNET, cache=Path(argv[1]))"
    )
    silent = {"ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in silent}

    subprocess.run(
        [sys.executable, "-c", program, networks],
        env={**environment, "HOME": str(home), "PYTHONPATH": str(SRC)},
        check=True,
    )

    assert list(home.iterdir()) == []  # where it would keep what it is known by
