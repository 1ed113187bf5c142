"""The commands that look at executions and talk to them, on ones that really run."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.swf_server import SRC
from tests.swflow.cluster import PROGRAM


@pytest.fixture
def swflow(swflow_command: Any, shared_cluster: Any, tmp_path: Path) -> Any:
    """The command beside a decider and a worker."""
    shared_cluster.begin(tmp_path)
    swflow_command.enter(PROGRAM, "films")
    swflow_command.cluster = shared_cluster
    return swflow_command


@pytest.fixture
def reviewed(swflow: Any) -> Callable[..., Any]:
    """An execution that waits for a signal."""

    def start() -> Any:
        execution = swflow.cluster.start(swflow.cluster.films.reviewing)
        swflow.cluster.wait_for(execution.published, "what it publishes")
        return execution

    return start


def film(running: Any) -> str:
    return json.dumps({"title": "film", "diary": str(running.cluster.film.diary)})


def test_start_waits_for_the_result(swflow: Any) -> None:
    assert swflow.json("start", "films:assemble", film(swflow), "2", "--wait") == "film-0+film-1"


def test_an_execution_that_fails_while_it_is_waited_for_is_status_1(swflow: Any) -> None:
    assert swflow.run("start", "films:failing", "--wait") == 1
    assert swflow.said == "swflow: the execution failed: no film\n"


def test_signal_and_published(swflow: Any, reviewed: Callable[..., Any]) -> None:
    execution = reviewed()
    assert swflow.json("published", execution.workflow_id) == {"waits for": "approval"}
    swflow("signal", execution.workflow_id, "approved", '"Ada"')
    assert execution.result() == "Ada"
    assert swflow.json("published", execution.workflow_id) == {"approved by": "Ada"}


def test_a_signal_of_the_program_is_checked(swflow: Any, reviewed: Callable[..., Any]) -> None:
    execution = reviewed()
    said = swflow.refused("signal", execution.workflow_id, "films:approved", "7")
    assert "signal 'approved': the value: Input should be a valid string" in said
    swflow("signal", execution.workflow_id, "films:approved", '"Bob"')
    assert execution.result() == "Bob"


def test_cancel(swflow: Any, reviewed: Callable[..., Any]) -> None:
    execution = reviewed()
    swflow("cancel", execution.workflow_id)
    swflow.cluster.wait_for(lambda: not execution.is_open(), "its end")
    assert execution.status() == "CANCELED"


def test_terminate(swflow: Any, reviewed: Callable[..., Any]) -> None:
    execution = reviewed()
    told = swflow.json("terminate", execution.workflow_id, "--reason=enough", "--json")
    assert told["runId"] == execution.run_id
    assert execution.status() == "TERMINATED"
    said = swflow.refused("terminate", execution.workflow_id, "--reason=again")
    assert said == f"swflow: execution '{execution.workflow_id}' is not open\n"


def test_list_finds_by_every_filter(swflow: Any, reviewed: Callable[..., Any]) -> None:
    opened, closed = reviewed(), reviewed()
    closed.terminate("enough")

    def found(*filters: str) -> set[str]:
        rows = swflow.json("list", "--json", "--since=1h", *filters)
        return {each["execution"]["workflowId"] for each in rows}

    both = {opened.workflow_id, closed.workflow_id}
    assert both <= found()
    assert both <= found("--type=Review", "--type-version=1")
    assert not both & found("--type=Review", "--type-version=2")
    assert both & found("--open") == {opened.workflow_id}
    assert both & found("--closed") == {closed.workflow_id}
    assert both & found("--status=terminated", "--type=Review") == {closed.workflow_id}
    assert found(f"--workflow-id={opened.workflow_id}") == {opened.workflow_id}
    assert len(found("--limit=1")) == 1
    assert not found("--until=1h")
    opened.terminate("enough")


def test_list_is_a_table_for_people(swflow: Any, reviewed: Callable[..., Any]) -> None:
    execution = reviewed()
    execution.terminate("enough")
    header, row = swflow("list", f"--workflow-id={execution.workflow_id}")
    assert header.split()[:2] == ["WORKFLOW", "ID"]
    assert row.startswith(f"{execution.workflow_id}  ")
    assert "Review 1" in row
    assert "TERMINATED" in row
    assert row.endswith(execution.run_id)
    assert swflow("list", "--workflow-id=nobody") == ["no executions"]


def test_show_is_a_timeline_with_retries(swflow: Any) -> None:
    execution = swflow.cluster.start(swflow.cluster.films.flickering, swflow.cluster.film)
    execution.result()
    lines = swflow("show", execution.workflow_id)
    assert lines[0] == execution.workflow_id
    assert any(line.startswith("status   completed after") for line in lines)
    assert any(line == "result   3" for line in lines)
    attempts = [line for line in lines if "flicker (" in line]
    assert len(attempts) == 3
    assert attempts[0].endswith("failed     OSError: the bulb went out")
    assert "again, attempt 2 of flicker (1.2)" in attempts[1]
    assert attempts[2].endswith("completed  3")
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


def test_show_as_json(swflow: Any) -> None:
    execution = swflow.cluster.start(swflow.cluster.films.chain, swflow.cluster.film, 2)
    execution.result()
    shown = swflow.json("show", execution.workflow_id, "--json")
    assert (shown["name"], shown["outcome"]) == ("Chain", "completed")
    assert [step["name"] for step in shown["steps"]] == ["cut", "cut"]
    assert shown["runId"] == execution.run_id


def test_history_line_by_line_and_as_json(swflow: Any) -> None:
    execution = swflow.cluster.start(swflow.cluster.films.chain, swflow.cluster.film, 1)
    execution.result()
    lines = swflow("history", execution.workflow_id, f"--run-id={execution.run_id}")
    events = swflow.json("history", execution.workflow_id, "--json")
    assert len(lines) == len(events) == len(execution.history())
    assert "WorkflowExecutionStarted" in lines[0]
    assert isinstance(events[0]["eventTimestamp"], float)


def test_export_writes_what_localswf_takes(swflow: Any, tmp_path: Path) -> None:
    execution = swflow.cluster.start(swflow.cluster.films.chain, swflow.cluster.film, 1)
    execution.result()
    folder = tmp_path / "histories"
    (path,) = swflow("export", str(folder), f"--workflow-id={execution.workflow_id}")
    content = json.loads(Path(path).read_text())
    assert content["domain"] == "films"
    assert content["execution"]["runId"] == execution.run_id
    assert content["events"] == swflow.json("history", execution.workflow_id, "--json")
    swflow.run_module("localswf", "import", str(tmp_path / "copy.db"), path)


def test_inject_runs_one_activity_once(swflow: Any) -> None:
    assert swflow.json("inject", "films:cut", film(swflow), "7") == "film-7"
    assert swflow.cluster.diary() == ["cut 7"]


def test_an_injected_activity_that_fails_is_not_tried_again(swflow: Any) -> None:
    assert swflow.run("inject", "films:flicker", film(swflow)) == 1
    assert swflow.said.endswith("swflow: the execution failed: OSError: the bulb went out\n")
    assert swflow.cluster.diary() == ["flicker 1"]


def test_an_input_that_does_not_fit_can_be_injected(swflow: Any) -> None:
    assert swflow.run("inject", "films:cut", '--input={"args":[],"kwargs":{}}') == 1
    assert "missing a required argument: 'film'" in swflow.said


def test_an_injected_activity_that_nobody_serves_times_out(swflow: Any) -> None:
    words = ("films:cut", film(swflow), "7", "--task-list=nobody", "--timeout=1")
    assert swflow.run("inject", *words) == 1
    assert "took longer than its execution timeout" in swflow.said


def test_an_injection_that_is_interrupted_leaves_nothing_open(
    swflow: Any, shared_cluster: Any
) -> None:
    words = ["inject", "films:cut", film(swflow), "7", "--task-list=nobody", "--workflow-id=left"]
    where = {"SWFLOW_DOMAIN": "films", "AWS_ENDPOINT_URL_SWF": swflow.endpoint_url}
    with subprocess.Popen(
        [sys.executable, "-m", "swflow", *words],
        cwd=PROGRAM,
        env={**os.environ, "PYTHONPATH": str(SRC), **where},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "waiting for a worker on task list nobody" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert shared_cluster.client.execution("left").status() == "TERMINATED"


def test_an_execution_that_nobody_knows(swflow: Any) -> None:
    for command in ("show", "history", "cancel", "published"):
        said = swflow.refused(command, "nobody")
        assert "knows no execution with the id 'nobody'" in said
        assert "nobody" in swflow.refused(command, "nobody", "--run-id=x")
