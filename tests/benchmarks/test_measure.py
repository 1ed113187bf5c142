"""CPU time, memory and fsyncs are those of everything a contestant started."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import measure

SPIN = """
import subprocess, sys, time
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
if len(sys.argv) > 1:
    spin(0.2)
else:
    subprocess.run([sys.executable, __file__, "ended"])
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"])
    spin(0.1)
    print("spun", flush=True)
    sys.stdin.read()
    child.wait()
"""


@pytest.fixture
def spinner(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Used 0.1 s of CPU, and had a child that used 0.2 s and ended; another one waits."""
    program = tmp_path / "spin.py"
    program.write_text(SPIN)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, program], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        assert process.stdin is not None
        process.stdin.close()


def test_a_tree_has_the_children_of_a_process(spinner: "subprocess.Popen[bytes]") -> None:
    pids = measure.tree(spinner.pid)
    assert pids[0] == spinner.pid
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_cpu_time_counts_children_that_ended(spinner: "subprocess.Popen[bytes]") -> None:
    used = measure.cpu_seconds(measure.tree(spinner.pid))
    assert used >= 0.29


def test_cpu_time_agrees_with_the_process_itself() -> None:
    children = sum(os.times()[2:4])
    before = time.process_time() + children
    used = measure.cpu_seconds([os.getpid()])
    assert before - 0.01 <= used <= time.process_time() + children + 0.01


def test_a_process_that_is_gone_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert measure.cpu_seconds([process.pid]) == 0
    assert measure.peak_megabytes([process.pid]) == 0


def test_memory_of_two_processes_is_their_sum(spinner: "subprocess.Popen[bytes]") -> None:
    pids = measure.tree(spinner.pid)
    assert measure.peak_megabytes(pids) == sum(measure.peak_megabytes([pid]) for pid in pids) > 5


def test_interrupted_calls_in_a_trace_count_once(tmp_path: Path) -> None:
    log = tmp_path / "strace"
    log.write_text(
        "12 fdatasync(5) = 0\n"
        "12 fsync(6 <unfinished ...>\n"
        "13 fdatasync(7)    = 0\n"
        "12 <... fsync resumed>) = 0\n"
        "12 +++ exited with 0 +++\n"
    )
    assert measure.syncs(log) == 3


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace on this machine")
def test_strace_counts_the_calls_of_children(tmp_path: Path) -> None:
    log, file = tmp_path / "strace", tmp_path / "file"
    code = f"import os; os.fsync(os.open({str(file)!r}, os.O_CREAT | os.O_RDWR))"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}], check=True)"
    command = [*measure.under_strace(log), sys.executable, "-c", f"{outer}; {code}"]
    subprocess.run(command, check=True)
    assert measure.syncs(log) == 2


def test_the_probe_of_the_disk_leaves_nothing(tmp_path: Path) -> None:
    assert measure.sync_milliseconds(tmp_path) > 0
    assert not list(tmp_path.iterdir())
