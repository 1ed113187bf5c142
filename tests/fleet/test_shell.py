"""What shell scripts do on a host, as far as a folder can be one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fleet.host import ROOT, put

SHEBANGS = ("#!/bin/sh", "#!/bin/bash")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the programs, for which it is the whole file system."""
    for name in ("vib-env", "vib-job"):
        text = (ROOT / "files" / name).read_text()
        for absolute in ("/etc/vib", "/var/log/vib", "/run/lock"):
            (tmp_path / absolute.lstrip("/")).mkdir(parents=True, exist_ok=True)
            text = text.replace(absolute, f"{tmp_path}{absolute}")
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def job(place: Path, *words: str) -> int:
    """Run a job, with what is in the folder as commands."""
    path = {"PATH": f"{place}:/usr/bin:/bin"}
    return subprocess.run([place / "vib-job", *words], env=path, check=False).returncode


def log(place: Path, name: str) -> str:
    return (place / f"var/log/vib/cron-{name}.log").read_text()


def test_every_shell_script_passes_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: apt install shellcheck")
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split()  # noqa: S607
    scripts = [each for each in listed if _first_line(ROOT / each).startswith(SHEBANGS)]
    assert len(scripts) > 5
    subprocess.run(["shellcheck", *scripts], cwd=ROOT, check=True)  # noqa: S607


def test_a_command_gets_its_services_settings_as_they_are(place: Path) -> None:
    (place / "etc/vib/faces.env").write_text("VIB_A='it''s $HOME; `id`'\nVIB_B=two\n")
    command = [place / "vib-env", "faces", "sh", "-c", 'printf %s "$VIB_A|$VIB_B|$1"', "sh", "a b"]
    assert subprocess.check_output(command, text=True) == "its $HOME; `id`|two|a b"


def test_settings_come_from_standard_input_too(place: Path) -> None:
    command = [place / "vib-env", "/dev/stdin", "sh", "-c", 'printf %s "$VIB_A"']
    assert subprocess.check_output(command, input="VIB_A='a b'\n", text=True) == "a b"


def test_a_service_without_settings_is_an_error(place: Path) -> None:
    done = subprocess.run([place / "vib-env", "absent", "true"], capture_output=True, check=False)
    assert done.returncode != 0
    assert b"absent.env" in done.stderr


def test_a_job_says_all_in_its_log(place: Path) -> None:
    put(place / "vib-run", 'echo "$@"', "echo trouble >&2")
    assert job(place, "sync", "0", "jobs", "job", "sync", "--once") == 0
    assert log(place, "sync") == "jobs job sync --once\ntrouble\n"


def test_a_job_that_fails_says_so(place: Path) -> None:
    put(place / "vib-run", "exit 3")
    assert job(place, "sync", "0", "jobs", "job", "sync") == 3
    assert '"level": "ERROR"' in log(place, "sync")
    assert '"message": "It ended with exit status 3", "job": "sync"' in log(place, "sync")


def test_a_job_is_not_started_while_it_runs(place: Path) -> None:
    put(place / "vib-run", "echo began", f"{place}/vib-job sync 0 jobs", "echo ended")
    assert job(place, "sync", "0", "jobs") == 0
    began, refused, ended = log(place, "sync").splitlines()
    assert (began, ended) == ("began", "ended")
    assert '"message": "It still runs from last time", "job": "sync"' in refused


def test_another_job_is(place: Path) -> None:
    put(place / "vib-run", 'test "$1" = other || vib-job other 0 other')
    assert job(place, "sync", "0", "jobs") == 0
    assert log(place, "other") == ""


def test_a_job_begins_late_by_no_more_than_it_may(place: Path) -> None:
    put(place / "vib-run", "true")
    put(place / "sleep", 'echo "slept $1"')
    job(place, "sync", "3", "jobs")
    assert log(place, "sync") in [f"slept {seconds}\n" for seconds in range(4)]


def _first_line(path: Path) -> str:
    try:
        with path.open() as file:
            return file.readline()
    except UnicodeDecodeError:
        return ""
