"""What `vib-release` does on a host, with a real supervisord."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest

from fleet.host import ROOT, Host, load_program
from vib_release import ReleaseError, releases


@pytest.fixture
def bare_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host without supervisord, whose `vib-release` has little patience."""
    monkeypatch.delenv("PYTHONPATH", raising=False)  # hosts have none
    monkeypatch.setattr(releases, "SECONDS_TO_STAY", 1.5)
    monkeypatch.setattr(releases, "SECONDS_TO_BE_HEALTHY", 1)
    with TemporaryDirectory() as name:  # the path of a socket may have about a hundred characters
        yield Host(Path(name))


@pytest.fixture
def host(bare_host: Host) -> Iterator[Host]:
    """A host on which the release `first` runs."""
    bare_host.start()
    try:
        bare_host.releases.activate(bare_host.add("first"))
        yield bare_host
    finally:
        bare_host.stop()


def test_a_release_that_runs_already_is_left_alone(host: Host) -> None:
    before = host.processes()
    assert host.releases.activate("first") is False
    assert host.processes() == before
    assert before.keys() == {"vib:decider-0"}


def test_changed_settings_start_its_programs_anew(host: Host) -> None:
    before = host.processes()
    host.settings.write_text("VIB_LOG_LEVEL=DEBUG")
    assert host.releases.activate("first") is True
    assert host.processes() != before


def test_a_host_without_programs_is_restarted_like_any_other(host: Host) -> None:
    host.releases.activate(host.add("second", programs=[]))
    host.releases.stop(None)
    host.releases.start(None)
    assert host.processes() == {}


@pytest.mark.slow
def test_another_release_takes_over_and_rollback_returns_with_its_programs(host: Host) -> None:
    host.releases.activate(host.add("second", programs=["decider", "facebook"]))
    assert host.processes().keys() == {"vib:decider-0", "vib:facebook-0"}
    assert host.releases.rollback() == "first"
    assert host.releases.current() == "first"
    assert host.processes().keys() == {"vib:decider-0"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("exit 1", r"vib:decider-0 (BACKOFF|FATAL|EXITED)"),
        ("sleep 2; exit 1", "vib:decider-0 ended soon after it was started"),
    ],
    ids=["at once", "soon"],
)
def test_a_release_that_ends_gives_way_to_the_one_before(
    host: Host, script: str, what: str
) -> None:
    with pytest.raises(ReleaseError, match=rf"second does not run \({what}\); first runs again"):
        host.releases.activate(host.add("second", script))
    assert host.releases.current() == "first"
    assert host.processes().keys() == {"vib:decider-0"}


@pytest.mark.slow
def test_a_release_that_is_not_healthy_gives_way_to_the_one_before(host: Host) -> None:
    with (
        _server(503) as url,
        pytest.raises(ReleaseError, match=r"is not healthy: .*503.*first runs"),
    ):
        host.releases.activate(host.add("second", health=f"{url}\n"))
    with _server(200) as url:
        host.releases.activate(host.add("third", health=f"{url}\n"))
    assert host.releases.current() == "third"


@pytest.mark.slow
def test_nobody_waits_for_the_health_of_what_has_ended(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "SECONDS_TO_BE_HEALTHY", 120)
    with (
        _server(503) as url,
        pytest.raises(
            ReleaseError, match=r"decider-0 ended soon after it was started\); first runs"
        ),
    ):
        host.releases.activate(host.add("second", "sleep 2; exit 1", health=f"{url}\n"))


def test_a_release_is_checked_while_another_runs(host: Host) -> None:
    before = host.processes()
    can = host.add("second", 'test "$*" = "check --supervised ${0%/venv/*}/programs.conf"')
    cannot = host.add("third", "echo vib: decider: no domain >&2; echo vib: more; exit 2")

    assert host.releases.check(can) is True
    with pytest.raises(
        ReleaseError, match=r"^third cannot work here: vib: decider: no domain; vib: more$"
    ):
        host.releases.check(cannot)

    assert host.processes() == before


def test_what_runs_already_is_not_checked(host: Host) -> None:
    (host.folder / "releases/first/venv/bin/vib").write_text("#!/bin/sh\nexit 1\n")

    assert host.releases.check("first") is False


@pytest.mark.slow
def test_when_the_release_before_does_not_run_either_both_are_named(host: Host) -> None:
    (host.folder / "releases/first/venv/bin/vib").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(ReleaseError, match=r"second does not run .*, and first does not any more"):
        host.releases.activate(host.add("second", "exit 1"))


def test_a_program_is_stopped_and_started_by_name(host: Host) -> None:
    host.releases.stop("decider")
    assert host.processes() == {}
    host.releases.start("decider")
    assert host.processes().keys() == {"vib:decider-0"}
    with pytest.raises(
        ReleaseError, match="no program 'face' runs on this host; there are: decider"
    ):
        host.releases.stop("face")


def test_what_was_stopped_runs_after_the_next_activation(host: Host) -> None:
    host.releases.stop(None)
    assert host.releases.activate("first") is True
    assert host.processes().keys() == {"vib:decider-0"}


def test_old_releases_go_but_not_those_that_are_needed(host: Host) -> None:
    host.releases.activate(host.add("second"))
    for name in ("third", "fourth", "fifth"):
        host.add(name)
    assert host.releases.prune(1) == ["third", "fourth"]
    assert host.releases.installed() == ["fifth", "first", "second"]


def test_a_host_without_programs_has_its_release_all_the_same(bare_host: Host) -> None:
    bare_host.start()
    try:
        bare_host.add("first")
        (bare_host.folder / "releases/first/programs.conf").write_text("")
        assert bare_host.releases.activate("first") is True
        assert bare_host.releases.activate("first") is False
    finally:
        bare_host.stop()


def test_a_wheel_becomes_a_release(bare_host: Host) -> None:
    _send(bare_host, "first", "print('vib 1')")
    assert bare_host.releases.install("first") is True
    assert bare_host.releases.install("first") is False
    vib = bare_host.folder / "releases/first/venv/bin/vib"
    assert subprocess.check_output([vib], text=True) == "vib 1\n"


def test_a_release_that_cannot_be_installed_leaves_nothing(bare_host: Host) -> None:
    _send(bare_host, "first", "raise SystemExit('no such module')")
    with pytest.raises(ReleaseError, match="vib --version` failed: no such module"):
        bare_host.releases.install("first")
    assert not (bare_host.folder / "releases/first").exists()


def test_mistakes_are_told_in_a_sentence(bare_host: Host) -> None:
    with pytest.raises(
        ReleaseError, match="has 0 wheels in place of the release's one: send it again"
    ):
        bare_host.releases.install("absent")
    bare_host.add("first")
    with pytest.raises(ReleaseError, match="absent is not installed here; there are: first"):
        bare_host.releases.activate("absent")
    with pytest.raises(
        ReleaseError, match="no earlier release that ran on this host is still installed"
    ):
        bare_host.releases.rollback()


def test_the_command_is_one_file_and_ends_with_that_sentence(tmp_path: Path) -> None:
    program = tmp_path / "vib-release"
    load_program(ROOT / "tools/build_release.py")._pack_program(program)
    command = ["env", "-i", program, "--root", tmp_path, "activate", "absent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "vib-release: absent is not installed here; there are none.\n"


@contextmanager
def _server(status: int) -> Iterator[str]:
    """An HTTP server that gives one status to everything; its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _send(host: Host, release: str, code: str) -> None:
    """Send a host a wheel whose command `vib` runs this code."""
    incoming = host.folder / "incoming" / release
    incoming.mkdir(parents=True)
    (incoming / "requirements.lock").touch()
    (host.folder / "wheels").mkdir()
    about = "vib-1.dist-info"
    with ZipFile(incoming / "vib-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("vib.py", f"def main():\n    {code}\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: vib\nVersion: 1\n")
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{about}/WHEEL", tag)
        wheel.writestr(f"{about}/entry_points.txt", "[console_scripts]\nvib = vib:main\n")
        wheel.writestr(f"{about}/RECORD", "")
