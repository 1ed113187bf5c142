"""New releases come and go while videos run."""

import re
from pathlib import Path

import pytest

from .cluster import BOXES, POPEYES, ROOT, Cluster, is_up, on, play, run, wait_until

BROKEN = """

def _popeye(*_: object) -> int:
    raise SystemExit("This release is broken.")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project as somebody else has it checked out, to change it."""
    folder = tmp_path / "project"
    run("git", "clone", "--quiet", "--shared", ROOT, folder)
    (folder / "var").mkdir()
    (folder / "var/release").symlink_to(ROOT / "var/release")
    return folder


def deploy(checkout: Path, *, ok: bool = True) -> str:
    """Deploy what is checked out; gives what Ansible says."""
    inventory = checkout / "inventories/molecule"
    playbook = checkout / "playbooks/deploy.yml"
    done = run("env", "-C", checkout, "ansible-playbook", "-i", inventory, playbook, ok=ok)
    assert ok == (done.returncode == 0)
    return done.stdout


def current(host: str) -> str:
    """The release that runs on a host."""
    return on(host, "basename $(readlink /opt/vib/current)").strip()


def processes(host: str) -> set[str]:
    """The processes of a host's programs."""
    return set(re.findall(r"^vib:.* pid (\d+)", on(host, "vib-release status"), re.MULTILINE))


def test_a_new_release_and_the_way_back_lose_no_video_and_do_none_twice(
    cluster: Cluster, checkout: Path
) -> None:
    before = {host: current(host) for host in BOXES}
    with (checkout / "src/vib/words.py").open("a") as code:
        code.write(f"# {checkout}\n")
    videos = [cluster.upload(popeye) for popeye in POPEYES]
    wait_until(lambda: any(cluster.is_in("Transcode", video) for video in videos))

    deploy(checkout)
    after = {host: current(host) for host in BOXES}
    videos += [cluster.upload(popeye) for popeye in POPEYES]
    play("rollback")
    cluster.wait_for(*videos)

    cluster.check_complete(*videos)
    assert len(set(after.values())) == 1
    assert not set(after.values()) & set(before.values())
    assert {host: current(host) for host in BOXES} == before


def test_a_broken_release_reaches_one_host_which_goes_on_with_the_old_one(
    cluster: Cluster, checkout: Path
) -> None:
    before = {host: current(host) for host in BOXES}
    ran = {host: processes(host) for host in BOXES}
    with (checkout / "src/vib/cli/fleet.py").open("a") as code:
        code.write(BROKEN)

    said = deploy(checkout, ok=False)

    assert f"; {before['popeye1']} runs again." in " ".join(said.split())  # lines are wrapped
    assert "failed=1" in said.partition("popeye1 ")[2].partition("\n")[0]
    assert said.count("failed=1") == 1
    assert {host for host in BOXES if processes(host) != ran[host]} == {"popeye1"}
    assert {host: current(host) for host in BOXES} == before
    assert all(is_up(host) for host in BOXES)
    video = cluster.upload()
    cluster.wait_for(video)
    cluster.check_complete(video)
