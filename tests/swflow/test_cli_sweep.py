"""`swflow sweep`, on a folder of payloads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.swflow.stores import noise

PROGRAM = """
from datetime import timedelta
from swflow import FolderStore, Payloads, workflow

PAYLOADS = Payloads(store=FolderStore("store"))

@workflow(version="1", task_list="cuts", execution_timeout=timedelta(hours=1))
async def cut(film: str) -> str:
    return film
"""
TODAY = datetime.now(UTC).date()


@pytest.fixture
def swflow(swflow_command: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The command in a folder with a program, whose store has payloads of five days."""
    (tmp_path / "cutting.py").write_text(PROGRAM)
    domain = f"sweep-{request.node.originalname}"
    swflow_command.enter(tmp_path, domain)
    swflow_command.forget("cutting")
    swflow_command("register", "cutting", "--retention=1")
    for days in range(5):
        day = tmp_path / "store" / domain / str(TODAY - timedelta(days))
        day.mkdir(parents=True)
        for number in range(days):
            (day / f"{number:064x}").write_text("a payload")
    return swflow_command


def stored(swflow: Any) -> dict[str, int]:
    """How many payloads there are of each day."""
    folders = sorted(Path("store", swflow.domain).iterdir())
    return {each.name: len(list(each.iterdir())) for each in folders}


def day(age: int) -> str:
    return str(TODAY - timedelta(age))


def test_what_was_deleted_is_said_day_by_day(swflow: Any) -> None:
    assert swflow("sweep", "--payloads=cutting:PAYLOADS") == [
        f"{day(4)}  4",
        f"{day(3)}  3",
        f"{day(2)}  2",
        f"deleted: 9 payloads from before {day(1)}",
    ]
    assert stored(swflow) == {day(1): 1, day(0): 0}
    again = swflow.json("sweep", "--payloads=cutting:PAYLOADS", "--json")
    assert again == {"before": day(1), "deleted": 0, "days": {}}


def test_a_dry_run_deletes_nothing(swflow: Any) -> None:
    before = stored(swflow)
    *_, last = swflow("sweep", "--payloads=cutting:PAYLOADS", "--dry-run")
    assert last == f"would be deleted: 9 payloads from before {day(1)}"
    assert stored(swflow) == before


def test_what_is_young_can_be_kept(swflow: Any) -> None:
    told = swflow.json("sweep", "--payloads=cutting:PAYLOADS", "--json", "--keep=2d")
    assert told == {"before": day(3), "deleted": 4, "days": {day(4): 4}}


def test_what_an_open_execution_was_given_stays(
    swflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWFLOW_PAYLOADS", "cutting:PAYLOADS")
    workflow_id, _ = swflow("start", "cutting:cut", noise(40_000))[0].split()
    assert stored(swflow)[day(0)] == 1
    swflow("sweep")
    assert any(line.startswith('input    {"args":["') for line in swflow("show", workflow_id))


def test_without_a_store_there_is_nothing_to_sweep(swflow: Any) -> None:
    assert "nothing to sweep: no payload store is given" in swflow.refused("sweep")


def test_a_span_that_is_none_is_refused(swflow: Any) -> None:
    assert "'soon' is no time span such as 30s" in swflow.refused("sweep", "--keep=soon")
