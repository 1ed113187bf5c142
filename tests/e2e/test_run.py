import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from vib.db.models import Asset, Feature, Media, MediaStatus
from vib.db.people import people_in
from vib.faces.align import cut_chip
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.local.database import embedded_postgres
from vib.recognisers.embedded import likeness
from vib.recognisers.recogniser import NAMED

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(postgres_folder: Path) -> Path:
    """Where everything is kept, not made yet."""
    return postgres_folder / "var"


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Children can be interrupted even where the tests run in the background, without Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def command(folder: Path, *arguments: str | Path) -> Sequence[str]:
    return [sys.executable, "-m", "vib", "run", "--folder", str(folder), *map(str, arguments)]


def vib_run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments), capture_output=True, text=True, check=False, timeout=240
    )


def processes_of(folder: Path) -> dict[int, str]:
    """Process id and command line of all that runs and has to do with the folder."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_text().replace("\0", " ")
            environment = (process / "environ").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if str(folder) in line + environment and process.name != str(os.getpid()):
            found[int(process.name)] = line
    return found


def portraits() -> dict[str, NDArray[np.float32]]:
    """What the two people of the sample look like, from the photographs it is made of."""
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    photographs = {
        "Eileen Collins": skimage.data.astronaut(),
        "Grace Hopper": np.asarray(Image.open(hopper).convert("RGB")),
    }
    detector, embedder = Detector(), Embedder()
    looks = {}
    for name, photograph in photographs.items():
        face = max(detector.detect(photograph), key=lambda face: face.box[2])
        looks[name] = embedder.embed(cut_chip(photograph, face.landmarks)[np.newaxis])[0]
    return looks


def who_was_found(folder: Path) -> list[str]:
    """Everybody in the one video, by the photographs, in the order of their appearance."""
    looks = portraits()
    with embedded_postgres(folder / "postgres") as url:
        engine = create_engine(url)
        with Session(engine) as session:
            media = session.scalars(select(Media)).one()
            assert media.status == MediaStatus.COMPLETE
            found = []
            for person in people_in(session, media.id):
                is_best = Asset.key == person.best_key
                face = session.scalars(select(Feature).join(Asset).where(is_best)).one()
                distances = {
                    name: float(np.linalg.norm(look - face.embedding))
                    for name, look in looks.items()
                }
                found.append(min(distances, key=lambda name: distances[name]))
                assert likeness(distances[found[-1]]) >= NAMED
        engine.dispose()
    return found


def test_the_people_of_a_video_are_found_and_the_video_is_processed_once(folder: Path) -> None:

    first = vib_run(folder)

    assert first.returncode == 0, first.stdout + first.stderr
    assert who_was_found(folder) == ["Eileen Collins", "Grace Hopper"]
    assert "720p" in first.stdout
    assert "NotifyComplete" in first.stdout
    (sheet,) = (folder / "people").glob("*.png")
    assert str(sheet) in first.stdout

    written = sheet.stat().st_mtime_ns, sorted((folder / "storage").rglob("*"))
    second = vib_run(folder)

    assert second.returncode == 0, second.stdout + second.stderr
    assert "You already have this file" in second.stdout
    assert sorted((folder / "storage").rglob("*")) == written[1]
    assert processes_of(folder) == {}


def test_it_is_processed_again_if_asked_for(folder: Path) -> None:
    assert vib_run(folder, "--skip-faces").returncode == 0

    again = vib_run(folder, "--again")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "You already have this file" not in again.stdout
    assert len(who_was_found(folder)) == 2


@pytest.mark.usefixtures("_interruptible")
def test_what_ctrl_c_interrupts_goes_on_with_the_same_command(folder: Path) -> None:
    with subprocess.Popen(
        command(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        while not list((folder / "scratch").glob("*/.transcode-*")):
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=60)

    assert run.returncode == 130, output
    assert "goes on from here" in output
    assert processes_of(folder) == {}

    resumed = vib_run(folder)

    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert len(who_was_found(folder)) == 2


def test_a_server_that_dies_is_named_and_the_same_command_goes_on(folder: Path) -> None:
    with subprocess.Popen(
        command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        while not list((folder / "scratch").glob("*/.transcode-*")):
            assert run.poll() is None
            time.sleep(0.05)
        (server,) = (pid for pid, line in processes_of(folder).items() if "localswf serve" in line)
        os.kill(server, signal.SIGKILL)
        _, error = run.communicate(timeout=60)

    assert run.returncode == 2, error
    assert re.fullmatch(r"vib: localswf ended by itself with status -9: see .*\n", error)
    assert vib_run(folder).returncode == 0
    assert len(who_was_found(folder)) == 2


def test_two_runs_do_not_share_a_folder(folder: Path) -> None:
    with subprocess.Popen(command(folder), stdout=subprocess.DEVNULL) as first:
        while not (folder / "postgres").exists():
            time.sleep(0.05)

        second = vib_run(folder)

        first.send_signal(signal.SIGINT)
    assert second.returncode == 2
    assert "Another run is using" in second.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"There is no file .*/film\.mp4\."),
        (b"", r"film\.mp4 is empty"),
        (b"Dear diary, today I made a film.\n" * 100, r"film\.mp4 is not a video"),
    ],
)
def test_a_file_that_is_no_video_is_refused_with_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    film = tmp_path / "film.mp4"
    if content is not None:
        film.write_bytes(content)

    refused = vib_run(tmp_path / "var", film)

    assert refused.returncode == 2
    assert re.fullmatch(f"vib: .*{sentence}.*\n", refused.stderr)
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_truncated_video_is_refused_with_one_sentence(tmp_path: Path, video: Path) -> None:
    film = tmp_path / "film.mp4"
    content = video.read_bytes()
    film.write_bytes(content[: len(content) * 2 // 3])

    refused = vib_run(tmp_path / "var", film)

    assert refused.returncode == 2
    assert re.fullmatch(r"vib: film\.mp4 is truncated.*\n", refused.stderr)
