"""Starting a closed execution again from its first failed step."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from swflow import WorkflowFailed, activity, replay, workflow
from swflow.execution.reuse import SIGNAL, in_parts
from tests.swflow.cluster import PROGRAM
from tests.swflow.flows import Begin
from tests.swflow.handwritten import History

HOUR = timedelta(hours=1)


@pytest.fixture
def command(swflow_command: Any, shared_cluster: Any, tmp_path: Path) -> Any:
    """The command beside a decider and a worker."""
    shared_cluster.begin(tmp_path)
    swflow_command.enter(PROGRAM, "films")
    return swflow_command


@pytest.fixture
def failed(shared_cluster: Any, tmp_path: Path) -> Any:
    """An execution that failed at its last step."""
    shared_cluster.begin(tmp_path)
    films = shared_cluster.films
    execution = shared_cluster.start(films.developing, shared_cluster.film, tmp_path / "dark")
    execution.signal(films.approved, "Ada")
    with pytest.raises(WorkflowFailed, match="the light is on"):
        execution.result()
    return execution


def scheduled(execution: Any) -> list[str]:
    return [
        event["activityTaskScheduledEventAttributes"]["activityType"]["name"]
        for event in execution.history()
        if event["eventType"] == "ActivityTaskScheduled"
    ]


def test_what_was_done_is_not_done_again(
    command: Any, shared_cluster: Any, failed: Any, tmp_path: Path
) -> None:
    done = shared_cluster.diary()
    assert sorted(done) == ["cut 0", "cut 1", "cut 1", "cut 2", "develop", "join"]
    (tmp_path / "dark").touch()
    first, second = command("rerun", failed.workflow_id)
    new = shared_cluster.client.execution(*first.split())
    stamp, *rest = new.result(timedelta(seconds=60))
    assert rest == ["film-1", "film-1", "film-2", "film-0", "Ada", "developed"]
    assert shared_cluster.diary() == [*done, "develop"]
    assert scheduled(new) == ["develop"]
    assert second.startswith("reuses 6 results: cached random, activity join, activity cut")
    inputs = [
        event["activityTaskScheduledEventAttributes"]["input"]
        for event in failed.history()
        if event["eventType"] == "ActivityTaskScheduled"
    ]
    assert stamp in inputs[0]


def test_a_rerun_of_a_rerun_and_its_replay(
    command: Any, shared_cluster: Any, failed: Any, tmp_path: Path
) -> None:
    first = command.json("rerun", failed.workflow_id, "--json", f"--new-id={failed.workflow_id}+")
    again = shared_cluster.client.execution(first["workflowId"], first["runId"])
    with pytest.raises(WorkflowFailed):
        again.result()
    (tmp_path / "dark").touch()
    second = command.json("rerun", first["workflowId"], "--json")
    assert sorted(second["reused"]) == sorted(first["reused"])
    last = shared_cluster.client.execution(second["workflowId"], second["runId"])
    assert last.result(timedelta(seconds=60))[-1] == "developed"
    assert scheduled(last) == ["develop"]
    assert replay(shared_cluster.films.developing, last.history()) == []


def test_everything_can_be_done_again(command: Any, shared_cluster: Any, failed: Any) -> None:
    made = command.json("rerun", failed.workflow_id, "--since=1", "--json")
    assert made["reused"] == []
    new = shared_cluster.client.execution(made["workflowId"], made["runId"])
    assert new.is_open()
    new.terminate("enough")


def test_what_cannot_be_started_again(command: Any, shared_cluster: Any) -> None:
    films = shared_cluster.films
    fine = shared_cluster.start(films.chain, shared_cluster.film, 1)
    fine.result()
    assert "nothing failed in execution" in command.refused("rerun", fine.workflow_id)
    said = command.refused("rerun", fine.workflow_id, "--since=1", "--as-version=9")
    assert said == (
        f"swflow: Chain 9 cannot be started in {command.client().connection}: Unknown type: "
        f"WorkflowType=[name=Chain, version=9]; register the domain and the type\n"
    )
    opened = shared_cluster.start(films.reviewing)
    assert "is open: cancel it first" in command.refused("rerun", opened.workflow_id)
    opened.terminate("enough")


# How the code meets results that it takes over.


@activity(version="1", task_list="x")
def fetch(number: int) -> str: ...


@workflow("Fetch", version="1", task_list="x", execution_timeout=HOUR)
async def fetching() -> list[str]:
    return await asyncio.gather(*(fetch(number) for number in (1, 2, 1)))


def begun(begin: Begin, *results: tuple[int, str]) -> tuple[History, list[str]]:
    history = begin(fetching)
    parts = in_parts(
        [
            {
                "kind": "activity",
                "name": "fetch",
                "input": json.dumps({"args": [number], "kwargs": {}}),
                "result": json.dumps(result),
            }
            for number, result in results
        ]
    )
    given = {"args": [], "kwargs": {}, "rerun": {"of": "the-old-run", "parts": len(parts)}}
    history.events[0]["workflowExecutionStartedEventAttributes"]["input"] = json.dumps(given)
    return history, parts


def bring(history: History, part: str) -> None:
    history.signal(SIGNAL, json.loads(part))


def test_the_function_begins_when_the_results_have_come(begin: Begin) -> None:
    history, (part,) = begun(begin, (1, "a"), (1, "b"), (2, "c"))
    assert history.decide() == []
    bring(history, part)
    assert history.result() == ["a", "c", "b"]


def test_a_call_without_a_result_is_made(begin: Begin) -> None:
    history, (part,) = begun(begin, (1, "a"))
    bring(history, part)
    assert history.asked() == ["ScheduleActivityTask 2", "ScheduleActivityTask 3"]
    history.complete("2", "c")
    history.complete("3", "b")
    assert history.result() == ["a", "c", "b"]


def test_cancelled_before_the_results_have_come_it_does_nothing(begin: Begin) -> None:
    history, (part,) = begun(begin, (1, "a"))
    history.request_cancel()
    assert history.decide() == []
    bring(history, part)
    assert history.asked() == ["CancelWorkflowExecution"]
