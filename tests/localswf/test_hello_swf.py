"""The example examples/hello_swf, run as its README says."""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import closing
from operator import itemgetter
from typing import Any

import pytest

from harness.example import ROOT, open_example

RECORDED = ROOT / ".." / "shared" / "data" / "histories" / "real_swf.json"

pytestmark = pytest.mark.slow


@pytest.fixture
def hello(swf_server: Any, boto: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What the worker said, and the history of an execution from start to end."""
    with closing(open_example("hello_swf", swf_server.endpoint_url)) as example:
        example.run("python register.py")
        example.run("python register.py")
        worker = example.start("python worker.py")
        example.start("python decider.py")
        run_id = example.run("python start.py").strip()
        said = worker.stdout.readline()
        execution = {"workflowId": "hello", "runId": run_id}
        client = boto()
        while client.count_open_workflow_executions(
            domain="boto_tutorial", startTimeFilter={"oldestDate": 0}
        )["count"]:
            time.sleep(0.1)
        info = client.describe_workflow_execution(domain="boto_tutorial", execution=execution)
        assert info["executionInfo"]["closeStatus"] == "COMPLETED"
        history = example.run("python history.py RUN_ID", {"RUN_ID": run_id})
        yield said, [json.loads(line) for line in history.splitlines()]


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
