"""What becomes of the hosts of a scenario that is interrupted."""

import signal
import subprocess
import time
from pathlib import Path

from fleet.host import ROOT, put


def test_they_go_and_so_does_all_that_the_scenario_has_started(tmp_path: Path) -> None:
    said, started = tmp_path / "said", tmp_path / "started"
    put(tmp_path / "id", "echo 1000")
    put(
        tmp_path / "molecule",
        f"sleep 600 & echo $! >{started}.new",
        f"mv {started}.new {started}; wait",
    )
    put(
        tmp_path / "podman",
        f'echo "$@" >>{said}',
        'case "$*" in ps*) echo box1 box2 ;; "network ls"*) echo their-network ;; esac',
    )
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    scenario = subprocess.Popen([ROOT / "molecule/hosts/test.sh", "cluster"], env=path)
    while not started.exists():
        time.sleep(0.05)

    scenario.send_signal(signal.SIGINT)

    assert scenario.wait() == 130
    assert said.read_text().splitlines() == [
        "ps --all --quiet --filter label=vib=cluster",
        "rm --force --time=0 --volumes box1 box2",
        "network ls --quiet --filter label=vib=cluster",
        "network rm their-network",
    ]
    assert not is_running(int(started.read_text()))


def is_running(pid: int) -> bool:
    """Whether a process does something, and does not only wait for its parent to notice its end."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
