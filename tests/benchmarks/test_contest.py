"""The benchmarks of durable execution run, so that they do not rot."""

import json
import sys
import time
from pathlib import Path

import pytest

from benchmarks import contest, durable, long_poll, swflow_chain
from benchmarks.contest import FailedError, compete
from benchmarks.contestants import LOCALSWF, OURS, Contestant
from benchmarks.installation import Installed
from benchmarks.workloads import Workload

HERE = Installed(Path(sys.executable))
CHAIN = Workload("W1", workflows=2, clients=2, activities=3)


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [us for each in OURS for us in each], ids=lambda c: c.module)
def test_a_contestant_runs_and_is_measured(contestant: Contestant, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (run,) = compete(contestant, HERE, [CHAIN], folder, number=1, limit=60)
    assert (run.contestant, run.workload, run.round) == (contestant.name, "W1", 1)
    assert run.activities == 6
    assert run.seconds > 0
    assert run.cpu_seconds > 0
    assert run.megabytes > 10
    assert not folder.exists()


@pytest.mark.slow
def test_the_command_writes_what_it_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rounds", "1", "--scale", "0.02", "--only", "localswf, in", "--no-syncs"]
    assert durable.main([*arguments, "--folder", str(tmp_path)]) == 0
    runs = json.loads((tmp_path / "durable.json").read_text())
    assert [run["workload"] for run in runs] == ["W1", "W2", "W3"]
    assert f"| {LOCALSWF.name} | " in capsys.readouterr().out


@pytest.mark.slow
def test_chains_are_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rounds", "1", "--lengths", "3", "--folder", str(tmp_path)]
    assert swflow_chain.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 3 | ")


@pytest.mark.slow
def test_parked_polls_are_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert long_poll.main(["--samples", "2", "--folder", str(tmp_path)]) == 0
    seen = json.loads((tmp_path / "long_poll.json").read_text())
    assert list(seen) == [
        "workflow started",
        "activity scheduled",
        "activity completed",
        "signal sent",
    ]
    assert all(len(times) == 2 and min(times) > 0 for times in seen.values())
    assert "| signal sent | " in capsys.readouterr().out


def test_a_contestant_that_fails_says_why(tmp_path: Path) -> None:
    nobody = Contestant("nobody", "benchmarks.nobody")
    with pytest.raises(FailedError, match="No module named"):
        list(compete(nobody, HERE, [CHAIN], tmp_path / "data", number=1, limit=60))


def test_nobody_is_named_like_this(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        durable.main(["--only", "nobody"])
    assert "--only nobody: nobody is named like this" in capsys.readouterr().err


@pytest.mark.slow
def test_a_contestant_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "ROOT", tmp_path)
    monkeypatch.setattr(contest, "_ENDS_WITHIN", 0.5)
    (tmp_path / "hanging.py").write_text(
        "import signal, subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "open(sys.argv[1] + '/../child', 'w').write(str(child.pid))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    hanging = Contestant("hanging", "hanging")
    with pytest.raises(FailedError, match="'done' was due, but it ended, or said nothing for 1 s"):
        list(compete(hanging, HERE, [CHAIN], tmp_path / "data", number=1, limit=1))
    child = int((tmp_path / "child").read_text())
    while not has_ended(child):  # a signal takes its time; pytest has a limit
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be asked how it ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
