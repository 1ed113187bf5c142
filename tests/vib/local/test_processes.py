import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vib.local.processes import ProcessEndedError, Processes


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that writes its process id and then waits, or fails on request."""
    source = """
        import os, sys, time
        if "fail" in sys.argv:
            sys.exit("no such luck")
        print(os.getpid(), flush=True)
        time.sleep(60)
    """
    (tmp_path / "waiting.py").write_text(textwrap.dedent(source))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "waiting"


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or dead and only waiting for its parent to notice."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; the test's own time limit is the limit."""
    while not condition():
        time.sleep(0.02)


def test_nothing_that_was_started_outlives_the_block(tmp_path: Path, module: str) -> None:
    with Processes(tmp_path / "logs") as processes:
        pid = int(processes.start_and_read_line("one", module))
        processes.check()
        assert not has_ended(pid)

    assert has_ended(pid)


def test_a_process_that_does_not_start_is_named_with_its_log(tmp_path: Path, module: str) -> None:
    with (
        Processes(tmp_path / "logs") as processes,
        pytest.raises(ProcessEndedError, match=r"one did not start: see .*/logs/one\.log"),
    ):
        processes.start_and_read_line("one", module, "fail")

    assert "no such luck" in (tmp_path / "logs" / "one.log").read_text()


def test_a_process_that_ends_by_itself_is_noticed(tmp_path: Path, module: str) -> None:
    with Processes(tmp_path / "logs") as processes:
        pid = int(processes.start_and_read_line("one", module))
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: has_ended(pid))

        with pytest.raises(ProcessEndedError, match="one ended by itself with status -9"):
            processes.check()


def test_the_children_of_a_killed_process_end_too(tmp_path: Path, module: str) -> None:
    parent_source = f"""
        import time
        from pathlib import Path
        from vib.local.processes import Processes
        with Processes(Path({str(tmp_path)!r}) / "logs") as processes:
            print(processes.start_and_read_line("one", {module!r}), flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(parent_source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())

        parent.kill()

    wait_until(lambda: has_ended(pid))
