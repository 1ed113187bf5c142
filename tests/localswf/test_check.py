"""`localswf check`."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock
from localswf.__main__ import main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "swf.db"


@pytest.fixture
def client(path: Path, clock: VirtualClock) -> Client:
    return Client(Service(path, clock))


@pytest.fixture
def filled(swf: Any) -> Any:
    """A file with a closed execution and an open one; the service is closed."""
    swf.start("closed")
    swf.decide(swf.schedule("resize"), swf.complete())
    swf.start("open")
    swf.client.close()
    return swf


def test_a_whole_file(filled: Any, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = path.read_bytes()
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path} is whole: executions 2, open 1.\n"
    assert path.read_bytes() == before
    assert filled.runs.keys() == {"closed", "open"}


@pytest.mark.parametrize("workflow_id", ["closed", "open"])
def test_a_history_with_a_hole(
    filled: Any, path: Path, capsys: pytest.CaptureFixture[str], workflow_id: str
) -> None:
    connection = sqlite3.connect(path)
    run_id = filled.runs[workflow_id]
    connection.execute(
        "DELETE FROM events WHERE last_id = 2 AND execution = "
        "(SELECT number FROM executions WHERE run_id = ?)",
        (run_id,),
    )
    connection.commit()
    connection.close()

    assert main(["check", str(path)]) == 2
    assert f"The history of execution {run_id}" in capsys.readouterr().err


@pytest.mark.parametrize("workflow_id", ["closed", "open"])
def test_a_history_with_a_changed_byte(
    filled: Any, path: Path, capsys: pytest.CaptureFixture[str], workflow_id: str
) -> None:
    run_id = filled.runs[workflow_id]
    change_byte(path, run_id)

    assert main(["check", str(path)]) == 2
    assert "up to event 2 has changed" in capsys.readouterr().err


def change_byte(path: Path, run_id: str) -> None:
    """Let an execution's first event be as good as before, but not the one that was written."""
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE events SET events = replace(events, 'TERMINATE', 'ABANDON__') WHERE last_id = 2 "
        "AND execution = (SELECT number FROM executions WHERE run_id = ?)",
        (run_id,),
    )
    connection.commit()
    connection.close()


def test_a_closed_execution_that_was_changed_is_not_shown(
    filled: Any, path: Path, clock: VirtualClock
) -> None:
    change_byte(path, filled.runs["closed"])

    with Client(Service(path, clock)) as filled.client:
        execution = filled.execution("closed")
        code, message = filled.refusal(
            "get_workflow_execution_history", domain="videos", execution=execution
        )

    assert code == "InternalFailure"
    assert "execution number 1 up to event 2 has changed" in message


def test_a_history_without_its_end(
    filled: Any, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM events WHERE events LIKE '%WorkflowExecutionCompleted%'")
    connection.commit()
    connection.close()

    assert main(["check", str(path)]) == 2
    sentence = f"The history of execution {filled.runs['closed']} of workflow closed does not end"
    assert sentence in capsys.readouterr().err


def test_an_empty_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.touch()
    assert main(["check", str(path)]) == 2
    assert capsys.readouterr().err == f"{path} is empty.\n"
    assert path.read_bytes() == b""


def test_a_file_that_is_not_there(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 2
    assert capsys.readouterr().err == f"{path} is not there.\n"
    assert not path.exists()


def test_a_file_in_use(swf: Any, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 2
    assert "in use by another server" in capsys.readouterr().err
    swf.client.close()
