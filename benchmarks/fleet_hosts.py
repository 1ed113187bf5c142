"""Hosts of the benchmark's own: containers, their inventories, and playbooks that run on them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import measure

ROOT = Path(__file__).resolve().parent.parent
OURS = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
STOCK = {"ANSIBLE_CONFIG": str(ROOT / "benchmarks/stock.cfg")}
_BIN = Path(sys.executable).parent
_CONTAINERS = {"CONTAINERS_CONF": str(ROOT / "molecule/hosts/containers.conf")}
_ENGINE = os.environ.get("ENGINE") or "podman"
_GROUP = "fleet"
_PORT = 22200
_WORKERS = ("decider", "transcode", "faces", "recognise", "facebook")
_CPU_MICROSECONDS = (
    "if grep -q ^usage_usec /sys/fs/cgroup/cpu.stat 2>/dev/null;"
    " then sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat;"
    " else echo $(($(cat /sys/fs/cgroup/cpuacct/cpuacct.usage) / 1000)); fi"
)


class FailedError(Exception):
    """A playbook did not do what it should have done."""


class Played(NamedTuple):
    """A playbook that was run: how long it took, this machine's CPU time, tasks that changed."""

    seconds: float
    cpu_seconds: float
    changed: int


class Fleet:
    """A box with all that there is once, boxes with workers, and one more with stand-ins.

    Args:
        folder: where inventories and the last playbook's log are kept.
        numbers: of boxes; each gets an inventory. The boxes are the same.
    """

    def __init__(self, folder: Path, numbers: Sequence[int]) -> None:
        self._folder = folder
        self._all = max(numbers)
        for number in numbers:
            self._write_inventory(number)

    def create(self) -> None:
        """Make the hosts, and a pipeline of them."""
        self.play("molecule/hosts/create.yml", self._all)
        self.play("molecule/cluster/prepare.yml", self._all)
        self.play("playbooks/site.yml", self._all)

    def destroy(self) -> None:
        """Remove them."""
        self.play("molecule/hosts/destroy.yml", self._all)

    def exists(self) -> bool:
        """Whether they are there from another time."""
        command = [_ENGINE, "container", "inspect", f"vib-box{self._all}"]
        return subprocess.run(command, env=_environment(), capture_output=True).returncode == 0  # noqa: PLW1510 - it is asked

    def play(
        self,
        playbook: str,
        hosts: int,
        settings: Mapping[str, str] = OURS,
        variables: Sequence[str] = (),
    ) -> Played:
        """Run a playbook on so many hosts.

        Raises:
            FailedError: it failed.
        """
        given = [f"--extra-vars={each}" for each in (f"container_group={_GROUP}", *variables)]
        inventory = f"--inventory={self._folder / str(hosts)}"
        log = self._folder / "last.log"
        with TemporaryDirectory() as sockets, log.open("w") as said:
            process = subprocess.Popen(
                [_BIN / "ansible-playbook", inventory, *given, playbook],
                cwd=ROOT,
                env=_environment(**settings, ANSIBLE_SSH_CONTROL_PATH_DIR=sockets),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            start = time.monotonic()
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            # Connections that wait for the next play are nobody's children.
            connections = [pid for pid in measure.tree(1) if sockets in _command(pid)]
            cpu = used.ru_utime + used.ru_stime + measure.cpu_seconds(connections)
            for pid in connections:
                os.kill(pid, signal.SIGTERM)
        if process.returncode:
            raise FailedError(f"{playbook} failed; {log} says why.")
        return Played(seconds, cpu, sum(map(int, re.findall(r"changed=(\d+)", log.read_text()))))

    def cpu_seconds(self, hosts: int) -> float:
        """All that the hosts have used so far."""
        commands = [
            (_ENGINE, "exec", f"vib-box{each + 1}", "sh", "-c", _CPU_MICROSECONDS)
            for each in range(hosts)
        ]
        said = [subprocess.check_output(each, env=_environment()) for each in commands]
        return sum(map(int, said)) / 1e6

    def _write_inventory(self, number: int) -> None:
        """A pipeline of so many boxes, with the variables of molecule's cluster."""
        folder = self._folder / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        variables = folder / "group_vars"
        variables.unlink(missing_ok=True)
        variables.symlink_to(ROOT / "inventories/molecule/group_vars")
        aliases = {"container_aliases": ["utility1"]}  # as the variables call it
        first = {"hosts": {"box1": {"ansible_port": _PORT + 1, **aliases}}}
        others = {f"box{each}": {"ansible_port": _PORT + each} for each in range(2, number + 1)}
        outside = {"ansible_port": _PORT, "container_aliases": ["amazon", "loggly", "web"]}
        once = ("popeye", "utility")
        groups = {
            "pipeline": {"children": {each: {} for each in (*once, *_WORKERS)}},
            **dict.fromkeys((*once, "database", "swf"), first),
            **{each: {"hosts": others} for each in _WORKERS},
            "outside": {"hosts": {"box-outside": outside}},
        }
        (folder / "hosts.yml").write_text(json.dumps({"all": {"children": groups}}, indent=2))


def _environment(**more: str) -> dict[str, str]:
    path = f"{_BIN}:{os.environ['PATH']}"
    return {**os.environ, **_CONTAINERS, "PATH": path, "NO_COLOR": "1", **more}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
