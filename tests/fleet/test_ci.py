"""What CI says about the cluster on machines that cannot have it, which is no failure."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from fleet.host import ROOT, put


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with the few programs that the machine has; it is root's."""
    for name in ("sh", "dirname", "mktemp", "grep", "tail", "rm"):
        (tmp_path / name).symlink_to(str(which(name)))
    put(tmp_path / "id", "echo 0")
    return tmp_path


def why_not(machine: Path) -> str:
    """Why the cluster is not tested."""
    command = [ROOT / ".ci/cluster"]
    environment = {"PATH": str(machine)}
    said = subprocess.check_output(command, env=environment, stderr=subprocess.STDOUT, text=True)
    assert said.startswith("The cluster was not tested: ")
    return said.removeprefix("The cluster was not tested: ")


def test_one_is_not_root(machine: Path) -> None:
    put(machine / "id", "echo 1000")
    assert why_not(machine) == "its hosts are containers that only root can make here.\n"


def test_there_is_neither_podman_nor_apt(machine: Path) -> None:
    assert why_not(machine) == "podman is missing, and there is no apt to install it.\n"


def test_podman_cannot_be_installed(machine: Path) -> None:
    put(machine / "apt-get", "echo 'E: Unable to locate package podman'", "exit 100")
    said = why_not(machine)
    assert said == "podman cannot be installed: E: Unable to locate package podman.\n"


def test_podman_does_not_run(machine: Path) -> None:
    put(machine / "apt-get", "true")
    put(machine / "podman", "echo 'Error: no such runtime'", "echo", "exit 125")
    assert why_not(machine) == "podman does not run here: Error: no such runtime.\n"


def test_containers_reach_nothing(machine: Path) -> None:
    put(machine / "apt-get", "true")
    put(machine / "podman", 'test "$1" != run || { echo "E: Could not resolve"; exit 100; }')
    said = why_not(machine)
    assert said.startswith(
        "containers do not run here, or do not reach Debian's packages: E: Could"
    )
