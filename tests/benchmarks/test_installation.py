"""Peers come from fixed versions; one that cannot be had is left out with a sentence."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks import durable
from benchmarks.contest import ROOT
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.installation import Installed, UnavailableError, install


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without npm, redis-server and apt."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda contestant: contestant.name)
def test_every_contestant_has_its_program_and_fixed_versions(contestant: Contestant) -> None:
    assert (ROOT / contestant.module.replace(".", "/")).with_suffix(".py").is_file()
    if contestant.environment is not None:
        lock = ROOT / "benchmarks" / "peers" / f"{contestant.environment}.txt"
        lines = lock.read_text().splitlines()
        assert lines
        assert all(re.fullmatch(r"[a-z0-9-]+==[^ ;/]+", line) for line in lines)


def test_localswf_runs_in_our_own_environment(tmp_path: Path) -> None:
    assert install(CONTESTANTS[0], tmp_path / "cache") == Installed(Path(sys.executable))
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("restate-server", "there is no npm to install restate-server with"),
        ("redis-server", "there is no redis-server: install your system's package"),
    ],
)
def test_a_server_that_cannot_be_had_is_named(program: str, sentence: str, tmp_path: Path) -> None:
    peer = Contestant("peer", "benchmarks.peers.peer", program=program)
    with pytest.raises(UnavailableError, match=sentence):
        install(peer, tmp_path)


@pytest.mark.usefixtures("bare_machine")
def test_a_contest_goes_on_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Contestant("peer", "benchmarks.peers.peer", program="restate-server")
    monkeypatch.setattr(durable, "CONTESTANTS", (peer,))
    folders = ["--folder", str(tmp_path), "--cache", str(tmp_path / "cache")]
    assert durable.main(["--rounds", "1", "--no-syncs", *folders]) == 1
    said = capsys.readouterr()
    assert "peer is left out: there is no npm" in said.out
    assert said.err == "Nothing was measured.\n"
