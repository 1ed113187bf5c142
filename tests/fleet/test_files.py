"""What the module `files` does, run as Ansible runs a module on a host."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fleet.host import ROOT

MODULE = ROOT / "roles/files/library/files.py"


def run(*files: dict[str, str], check: bool = False, fails: bool = False) -> Any:
    """What the module says of files."""
    arguments = {"files": files, "_ansible_check_mode": check, "_ansible_remote_tmp": "/tmp"}  # noqa: S108 - it has to be one that is there
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    done = subprocess.run(
        [sys.executable, MODULE], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.conf"


def test_a_file_is_written_with_its_mode_and_its_folder(path: Path) -> None:
    said = run({"path": str(path), "content": "a = 1\n", "mode": "0640"})
    assert (said["changed"], said["paths"]) == (True, [str(path)])
    assert path.read_text() == "a = 1\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_as_it_shall_be_is_left_alone(path: Path) -> None:
    file = {"path": str(path), "content": "a = 1\n"}
    run(file)
    before = path.stat().st_ino
    assert run(file)["changed"] is False
    assert path.stat().st_ino == before


def test_only_what_is_another_is_changed(path: Path) -> None:
    other = path.with_name("other")
    files = [{"path": str(path), "content": "a\n"}, {"path": str(other), "content": "b\n"}]
    run(*files)
    assert run(files[0], {**files[1], "content": "c\n"})["paths"] == [str(other)]
    assert (path.read_text(), other.read_text()) == ("a\n", "c\n")


def test_another_mode_is_a_change(path: Path) -> None:
    file = {"path": str(path), "content": "a\n"}
    run(file)
    assert run({**file, "mode": "0600"})["changed"] is True
    assert path.stat().st_mode & 0o777 == 0o600


def test_check_mode_shows_the_difference_and_does_nothing(path: Path) -> None:
    file = {"path": str(path), "content": "a\n", "group": "a-group-that-is-not-there-yet"}
    said = run(file, check=True)
    assert said["changed"] is True
    assert (said["diff"][0]["before"], said["diff"][0]["after"]) == ("", "a\n")
    assert not path.parent.exists()


def test_a_file_that_would_not_do_is_not_put_there(path: Path) -> None:
    file = {"path": str(path), "content": "a\n"}
    run(file)
    said = run({**file, "content": "b\n", "validate": "grep -c a %s"}, fails=True)
    assert said["msg"] == f"{path} would not do: 0"
    assert path.read_text() == "a\n"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_group_that_is_not_there_is_told_in_a_sentence(path: Path) -> None:
    said = run({"path": str(path), "content": "a\n", "group": "nobody-s"}, fails=True)
    assert said["msg"] == f"There is no group nobody-s, which {path} is for."
