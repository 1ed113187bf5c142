"""Files that cannot be served: one sentence, exit status 2, and they stay as they were."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock
from localswf.__main__ import main

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can get to."""
    with tempfile.TemporaryDirectory(prefix="localswf-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.fixture
def path(folder: Path) -> Path:
    """A data file with something in it."""
    path = folder / "swf.db"
    client = Client(Service(path, VirtualClock()))
    client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
    client.close()
    return path


@pytest.fixture
def crashed(folder: Path) -> Path:
    """A data file and its log as a crash leaves them."""
    running, path = folder / "running.db", folder / "swf.db"
    client = Client(Service(running, VirtualClock()))
    client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
    shutil.copy(running, path)
    shutil.copy(f"{running}-wal", f"{path}-wal")
    client.close()
    return path


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to do anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence that a command ends with."""
    path = Path(arguments[-1])
    for owned in (path.parent, *path.parent.iterdir()):
        if not os.geteuid():
            os.chown(owned, NOBODY, NOBODY)
    with as_nobody():
        assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


def make_read_only(path: Path) -> None:
    path.chmod(0o444)


def make_unreadable(path: Path) -> None:
    path.chmod(0)


def make_its_folder_read_only(path: Path) -> None:
    path.parent.chmod(0o555)


def make_a_folder_of_it(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_a_pipe_of_it(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_it_twice(path: Path) -> None:
    path.with_name("second.db").hardlink_to(path)


def cut_it(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_its_head_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[1000:])


def put_zeros_over_its_first_page(path: Path) -> None:
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])


def put_zeros_over_its_second_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(4096) + content[8192:])


def put_a_picture_there(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(50_000))


@pytest.mark.parametrize("command", [["check"], ["serve", "--port=0", "--data"]])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (make_read_only, "cannot be opened"),
        (make_unreadable, "cannot be opened"),
        (make_its_folder_read_only, "cannot be opened"),
        (make_a_folder_of_it, "cannot be opened"),
        (make_a_pipe_of_it, "cannot be opened"),
        (link_it_twice, "has a second name (a hard link)"),
        (cut_it, "is damaged"),
        (cut_its_head_off, "is damaged or no data file of localswf"),
        (put_zeros_over_its_first_page, "is damaged or no data file of localswf"),
        (put_zeros_over_its_second_page, "is damaged"),
        (put_a_picture_there, "is damaged or no data file of localswf"),
    ],
)
def test_a_file_that_will_not_do(
    path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    sentence: str,
    command: list[str],
) -> None:
    change(path)
    before = path.read_bytes() if path.is_file() else None

    refused = refusal(capsys, *command, str(path))

    assert str(path) in refused
    assert sentence in refused
    if before is not None:
        assert path.read_bytes() == before


def test_a_log_whose_file_is_gone(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = crashed.with_name("swf.db-wal")
    before = log.read_bytes()
    for leave in (crashed.unlink, crashed.touch):
        leave()
        refused = refusal(capsys, "serve", "--port=0", "--data", str(crashed))
        assert "is gone or empty, but its write-ahead log swf.db-wal is not" in refused
        assert log.read_bytes() == before


def test_what_a_crash_left_is_whole(crashed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(crashed)]) == 0
    assert "is whole" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["symlink.db", "../{folder}/swf.db"])
def test_a_file_in_use_is_known_by_its_other_names(
    path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    other = path.parent / name.format(folder=path.parent.name)
    if not other.exists():
        other.symlink_to(path)
    client = Client(Service(path, VirtualClock()))

    refused = refusal(capsys, "serve", "--port=0", "--data", str(other))

    assert "is in use by another server" in refused
    client.close()


def test_a_child_of_a_server_does_not_keep_its_file(path: Path) -> None:
    """As a command of a Lambda task that outlives a killed server."""
    client: Any = Client(Service(path, VirtualClock()))
    command = [sys.executable, "-c", "import sys; print(); sys.stdin.read()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, close_fds=False) as child:
        child.stdout.readline()
        client.close()
        again: Any = Client(Service(path, VirtualClock()))
        assert again.describe_domain(name="videos")
        again.close()
