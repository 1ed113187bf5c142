"""The command line."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from swflow.__main__ import main


@pytest.fixture
def where(
    shared_server: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> list[str]:
    monkeypatch.chdir(Path(__file__).parent / "program")
    domain = f"cli-{hash(request.node.name)}"
    return [f"--domain={domain}", f"--endpoint-url={shared_server.endpoint_url}"]


def test_a_module_stands_for_all_its_types(
    where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", "films", "--retention=1", *where]) == 0
    registered = {" ".join(line.split()[-2:]) for line in capsys.readouterr().out.splitlines()}
    assert {"cut 1", "join 1", "Chain 1"} <= registered


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["register", "films"], "swflow: domain 'cli-"),
        (
            ["register", "nowhere"],
            "cannot load nowhere: No module named 'nowhere'",
        ),
        (["register", "films:nothing"], "swflow: cannot load films:nothing"),
        (["register", "films:SECOND"], "films:SECOND holds no workflow and no activity"),
        (["decider", "films:cut", "--task-list=x"], "no workflow is in films:cut"),
        (["worker", "films:cut", "--processes=0"], "'0' is not a whole number from 1 on"),
        (["worker", "films:chain", "--task-list=x"], "no activity is in films:chain"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    where: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    try:
        status = main([*arguments, *where])
    except SystemExit as error:  # argparse
        status = int(str(error.code))
    assert status == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


PROCESSES = ("decider", "worker")
COMMANDS = (
    *("register", "start", "signal", "cancel", "terminate", "published", "list", "show"),
    *("history", "export", "inject", "rerun", "replay", "sweep"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_speaks_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert "\n  --json " in capsys.readouterr().out


def test_help_names_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "swflow", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    listed = re.findall(r"^    (\w+)", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(PROCESSES + COMMANDS)
