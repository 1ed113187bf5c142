"""The commands where payloads are stored or encrypted, on executions that really run."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from swflow import Client, WorkflowFailed, publish
from tests.swflow.cluster import PROGRAM, Cluster
from tests.swflow.stores import HIDDEN, long_film

MINUTE = timedelta(minutes=1)
FILMS = {"STORED": long_film(), "ENCRYPTED": [HIDDEN, "the end"]}


@pytest.fixture(scope="module", params=["STORED", "ENCRYPTED"])
def payloads(
    request: pytest.FixtureRequest,
    make_cluster: Callable[[Path], AbstractContextManager[Cluster]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of the program's Payloads, beside a decider and a worker that have them."""
    name: str = request.param
    folder = tmp_path_factory.mktemp("archive")
    with pytest.MonkeyPatch.context() as patch, make_cluster(folder) as cluster:
        patch.setenv("ARCHIVE_FOLDER", str(folder / "store"))
        patch.setenv("ARCHIVE_KEY", "one")
        patch.syspath_prepend(str(PROGRAM))
        program = importlib.import_module("archive")
        client = Client(name, endpoint_url=cluster.server.endpoint_url)
        cluster.client = client
        cluster.register(program)
        given = f"--payloads=archive:{name}"
        cluster.decider(given, program="archive", domain=name)
        cluster.worker("archive", domain=name, more=("--task-list=films", given))
        yield name
    del sys.modules["archive"]


@pytest.fixture
def swflow(swflow_command: Any, payloads: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command with the program's Payloads."""
    swflow_command.enter(PROGRAM, payloads)
    monkeypatch.setenv("SWFLOW_PAYLOADS", f"archive:{payloads}")
    return swflow_command


@pytest.fixture
def stranger(swflow_command: Any, payloads: str) -> Any:
    """The command without them."""
    swflow_command.enter(PROGRAM, payloads)
    return swflow_command


@pytest.fixture
def archive(payloads: str) -> Any:
    """The program."""
    del payloads
    return sys.modules["archive"]


@pytest.fixture
def film(payloads: str) -> list[str]:
    return FILMS[payloads]


@pytest.fixture
def client(archive: Any, payloads: str, shared_server: Any) -> Client:
    how = getattr(archive, payloads)
    return Client(payloads, endpoint_url=shared_server.endpoint_url, payloads=how)


@pytest.fixture
def opened(archive: Any, client: Client, film: list[str], tmp_path: Path) -> Any:
    """An execution that waits for a signal."""
    return client.start(archive.exhibiting, film, tmp_path / "room")


@pytest.fixture
def closed(archive: Any, opened: Any, film: list[str]) -> Any:
    """An execution that failed at its last step, for want of a room."""
    opened.signal(archive.found, film)
    with pytest.raises(WorkflowFailed, match="there is no room"):
        opened.result(MINUTE)
    return opened


# With the program's Payloads.


def test_start_waits_for_the_result(swflow: Any, film: list[str]) -> None:
    told = swflow.json("start", "archive:archive", json.dumps(film), "--wait", "--json")
    assert told["result"] == [f"developed {frame}" for frame in film][::-1]
    assert HIDDEN not in str(swflow.json("history", told["workflowId"], "--json"))


def test_show_shows_what_is_in_them_shortened(swflow: Any, closed: Any, film: list[str]) -> None:
    told = swflow("show", closed.workflow_id)
    assert any(line.startswith(f'input    {{"args":[["{HIDDEN}') for line in told)
    (developed,) = [line for line in told if "  develop (" in line]
    assert f'completed  ["developed {HIDDEN}' in developed
    (signalled,) = [line for line in told if "signal found" in line]
    assert f'received   ["{HIDDEN}' in signalled
    assert max(map(len, told)) < 350
    shown = swflow.json("show", closed.workflow_id, "--json")
    assert json.loads(shown["input"])["args"][0] == film


def test_history_shows_it_to_people_and_keeps_it_for_programs(swflow: Any, closed: Any) -> None:
    told = swflow("history", closed.workflow_id)
    for kind in ("WorkflowExecutionStarted", "ActivityTaskScheduled", "ActivityTaskFailed"):
        assert any(kind in line and HIDDEN in line for line in told), kind
    events = swflow.json("history", closed.workflow_id, "--json")
    assert "$swflow" in str(events)
    assert HIDDEN not in str(events)


def test_signal_and_published(swflow: Any, opened: Any, film: list[str]) -> None:
    swflow("signal", opened.workflow_id, "archive:found", json.dumps([*film, "an afterword"]))
    with pytest.raises(WorkflowFailed) as caught:
        opened.result(MINUTE)
    assert caught.value.details[-1] == "an afterword"
    assert "afterword" not in str(opened.history())
    assert swflow.json("published", opened.workflow_id) == film


def test_inject(swflow: Any, film: list[str]) -> None:
    told = swflow.json("inject", "archive:develop", json.dumps(film), "--json")
    assert told["result"] == [f"developed {frame}" for frame in film]
    events = swflow.json("history", told["workflowId"], "--json")
    assert HIDDEN not in str(events)
    (sealed,) = [
        event["activityTaskScheduledEventAttributes"]["input"]
        for event in events
        if event["eventType"] == "ActivityTaskScheduled"
    ]
    assert swflow.json("inject", "archive:develop", "--input", sealed) == told["result"]


def test_rerun(swflow: Any, closed: Any, client: Client, film: list[str], tmp_path: Path) -> None:
    (tmp_path / "room").touch()
    made = swflow.json("rerun", closed.workflow_id, "--json")
    assert made["reused"] == ["activity develop"]
    again = client.execution(made["workflowId"], made["runId"])
    assert again.result(MINUTE) == 2 * len(film)
    assert HIDDEN not in str(again.history())


def test_export_and_replay(swflow: Any, closed: Any, tmp_path: Path) -> None:
    (path,) = swflow("export", str(tmp_path), f"--workflow-id={closed.workflow_id}")
    assert HIDDEN not in Path(path).read_text()
    (told,) = swflow("replay", "archive", path)
    assert told.startswith("same     ")


def test_replay_shows_both_sides_of_a_difference(
    swflow: Any, closed: Any, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = swflow("export", str(tmp_path), f"--workflow-id={closed.workflow_id}")

    async def changed(film: list[str], room: Path) -> int:
        publish(film)
        return int(await archive.exhibit(film, room))

    monkeypatch.setattr(archive, "exhibiting", replace(archive.exhibiting, function=changed))
    assert swflow.run("replay", "archive", path) == 1
    there, here = (line for line in swflow.out.splitlines() if "ScheduleActivityTask" in line)
    assert f'ScheduleActivityTask develop (1) with {{"args":[["{HIDDEN}' in there
    assert f'ScheduleActivityTask exhibit (1) with {{"args":[["{HIDDEN}' in here


# Without them.


def test_what_cannot_be_opened_is_said_in_its_place(
    stranger: Any, closed: Any, payloads: str, archive: Any
) -> None:
    said = {
        "STORED": f"(stored in {archive.FOLDER}, not fetched)",
        "ENCRYPTED": "(encrypted, no key given)",
    }[payloads]
    assert f"input    {said}" in stranger("show", closed.workflow_id)
    (scheduled, _) = [
        line for line in stranger("history", closed.workflow_id) if "ActivityTaskScheduled" in line
    ]
    assert f'"input": "{said}"' in scheduled


@pytest.mark.parametrize("command", ["published", "rerun"])
def test_where_it_has_to_be_opened_the_payloads_are_asked_for(
    stranger: Any, closed: Any, command: str
) -> None:
    said = stranger.refused(command, closed.workflow_id)
    assert said.endswith("; give it the program's Payloads (Client(payloads=...), or --payloads)\n")


def test_replay_says_which_histories_it_cannot_open(
    stranger: Any, closed: Any, tmp_path: Path
) -> None:
    (path,) = stranger("export", str(tmp_path), f"--workflow-id={closed.workflow_id}")
    assert stranger.run("replay", "archive", path, path) == 2
    first, problem, second, _ = stranger.out.splitlines()
    assert first.startswith(f"unknown  {path}")
    assert problem.startswith("    a payload ")
    assert second == first
