"""The example examples/hello_swf, run as its README says."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / ".." / "shared" / "data" / "histories" / "real_swf.json"

pytestmark = pytest.mark.slow


@pytest.fixture
def program(swf_server: Any) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a program of the example."""
    started = []
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL_SWF": swf_server.endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }

    def start(name: str, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, f"{name}.py", *arguments],
            cwd=ROOT / "examples" / "hello_swf",
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(program: Callable[..., "subprocess.Popen[str]"]) -> Callable[..., str]:
    """Runs a program of the example to its end; returns what it printed."""

    def to_the_end(name: str, *arguments: str) -> str:
        process = program(name, *arguments)
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return printed

    return to_the_end


@pytest.fixture
def hello(program: Any, run: Any, boto: Any) -> tuple[str, list[dict[str, Any]]]:
    """What the worker said, and the history of an execution from start to end."""
    run("register")
    run("register")
    worker = program("worker")
    program("decider")
    run_id = run("start").strip()
    said = worker.stdout.readline()
    execution = {"workflowId": "hello", "runId": run_id}
    client = boto()
    while client.count_open_workflow_executions(
        domain="boto_tutorial", startTimeFilter={"oldestDate": 0}
    )["count"]:
        time.sleep(0.1)
    info = client.describe_workflow_execution(domain="boto_tutorial", execution=execution)
    assert info["executionInfo"]["closeStatus"] == "COMPLETED"
    return said, [json.loads(line) for line in run("history", run_id).splitlines()]


def test_hello_world(hello: tuple[str, list[dict[str, Any]]]) -> None:
    said, events = hello

    assert said == "Hello, World!\n"
    assert [(event["eventId"], event["eventType"]) for event in events] == [
        (1, "WorkflowExecutionStarted"),
        (2, "DecisionTaskScheduled"),
        (3, "DecisionTaskStarted"),
        (4, "DecisionTaskCompleted"),
        (5, "ActivityTaskScheduled"),
        (6, "ActivityTaskStarted"),
        (7, "ActivityTaskCompleted"),
        (8, "DecisionTaskScheduled"),
        (9, "DecisionTaskStarted"),
        (10, "DecisionTaskCompleted"),
        (11, "WorkflowExecutionCompleted"),
    ]
    moments = [[e["eventId"] for e in group] for _, group in by_timestamp(events)]
    assert moments == [[1, 2], [3], [4, 5], [6], [7, 8], [9], [10, 11]]


@pytest.mark.skipif(
    not RECORDED.exists(), reason=f"the recorded histories are not here: {RECORDED}"
)
def test_its_history_is_the_recorded_one(hello: tuple[str, list[dict[str, Any]]]) -> None:
    _, events = hello
    histories = {found["name"]: found["events"] for found in json.loads(RECORDED.read_text())}
    recorded = histories["seed003_boto_tutorial"]
    for event in recorded:
        if event["eventType"] == "DecisionTaskScheduled":
            # Amazon SWF has written this since 2023.
            event["decisionTaskScheduledEventAttributes"]["scheduleToStartTimeout"] = "NONE"

    for event in (*events, *recorded):
        del event["eventTimestamp"]
    assert events == recorded


def by_timestamp(events: list[dict[str, Any]]) -> Any:
    return itertools.groupby(events, key=itemgetter("eventTimestamp"))
