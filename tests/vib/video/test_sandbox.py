import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import naughty
from vib.errors import BadVideo
from vib.video.sandbox import Limits, Sandbox

MB = 2**20
LIMITS = Limits(memory=1000 * MB, cpu=60, file=MB, seconds=60, silence=60)


def run(
    *request: object,
    progress: Callable[[float], None] = lambda _: None,
    **limits: float,
) -> Any:
    sandbox = Sandbox(naughty.__name__, replace(LIMITS, **limits))
    return sandbox.run("film.mp4", list(request), progress)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_returns_the_works_result() -> None:
    assert run("echo", {"a": [1, 2.5, None, "ü"]}) == {"a": [1, 2.5, None, "ü"]}


def test_what_libraries_print_is_no_result() -> None:
    assert run("lie") == "the truth"


def test_the_process_knows_nothing_of_this_ones_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIB_NOTIFY_SECRET", "s3cret")

    environment = run("environment")

    assert "s3cret" not in environment.values()
    assert {name for name in environment if name.startswith(("VIB", "AWS"))} == set()


def test_progress_is_passed_on() -> None:
    heard: list[float] = []

    run("steps", progress=heard.append)

    assert heard == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_what_is_wrong_with_the_video_is_raised_as_it_was_said() -> None:
    with pytest.raises(BadVideo, match=r"^It is a bad video\.$"):
        run("refuse")


def test_a_machine_in_the_way_is_no_bad_video() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        run("meet_a_full_disk")

    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("work", ["blunder", "leave", "be_killed"])
def test_an_end_without_an_answer_is_no_bad_video(work: str) -> None:
    with pytest.raises(ChildProcessError, match=r"film\.mp4"):
        run(work)


# Limits


def test_memory_is_limited() -> None:
    with pytest.raises(BadVideo, match="needs more memory than the 1000 MB allowed"):
        run("fill_memory")


def test_cpu_time_is_limited() -> None:
    with pytest.raises(BadVideo, match="needs more computing time"):
        run("spin", cpu=1)


def test_the_size_of_files_is_limited(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="what would be made of it is too large"):
        run("fill_disk", str(tmp_path / "large"))

    assert (tmp_path / "large").stat().st_size <= MB


def test_time_is_limited_however_lively_the_work_is() -> None:
    with pytest.raises(BadVideo, match="takes too long"):
        run("creep", seconds=0.5)


def test_work_without_a_sign_of_life_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="is stuck"):
        run("sleep", str(tmp_path / "pid"), silence=0.5)

    assert gone(int((tmp_path / "pid").read_text()))


def test_a_crash_of_a_decoder_is_the_files_fault() -> None:
    with pytest.raises(BadVideo, match=r"^film\.mp4 is damaged in a way that crashes its decoder"):
        run("crash")


# The end


def test_what_progress_raises_ends_the_process(tmp_path: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_: float) -> None:
        if (tmp_path / "pid").exists():
            raise CancelledError

    with pytest.raises(CancelledError):
        run("sleep", str(tmp_path / "pid"), progress=cancel)

    assert gone(int((tmp_path / "pid").read_text()))


def test_a_report_that_does_not_get_through_is_no_bad_video(tmp_path: Path) -> None:
    def unheard(_: float) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        run("sleep", str(tmp_path / "pid"), progress=unheard)


def test_the_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    code = (
        "from vib.video.sandbox import *\n"
        f"sandbox = Sandbox({naughty.__name__!r}, {LIMITS})\n"
        f"sandbox.run('film.mp4', ['sleep', {str(tmp_path / 'pid')!r}], lambda _: None)"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as parent:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)

    pid = int((tmp_path / "pid").read_text())
    while not gone(pid):
        time.sleep(0.05)
