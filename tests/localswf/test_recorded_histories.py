"""Histories recorded from Amazon SWF, lived through again by boto3 over HTTP."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "histories" / "real_swf.json"

pytestmark = pytest.mark.skipif(
    not RECORDED.exists(), reason=f"the recorded histories are not here: {RECORDED}"
)


@pytest.fixture
def recorded() -> Callable[[str], list[dict[str, Any]]]:
    histories = {h["name"]: h["events"] for h in json.loads(RECORDED.read_text())}

    def find(name: str) -> list[dict[str, Any]]:
        return [as_since_2023(event) for event in histories[name]]

    return find


def as_since_2023(event: dict[str, Any]) -> dict[str, Any]:
    """Amazon SWF has written this member since 2023; both recordings are from 2013."""
    if event["eventType"] == "DecisionTaskScheduled":
        event["decisionTaskScheduledEventAttributes"]["scheduleToStartTimeout"] = "NONE"
    return event


def moments(events: list[dict[str, Any]]) -> list[list[int]]:
    """The ids of the events, those with one timestamp together."""
    groups = itertools.groupby(events, lambda event: event["eventTimestamp"])
    return [[event["eventId"] for event in group] for _, group in groups]


def without_times(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in event.items() if k != "eventTimestamp"} for event in events]


def history(swf: Any, run: dict[str, str]) -> list[dict[str, Any]]:
    events = swf.get_workflow_execution_history(domain="seeds", execution=run)["events"]
    return sorted(events, key=lambda event: event["eventId"])


def test_hello_world(boto: Any, recorded: Any) -> None:
    swf, expected = boto(), recorded("seed003_boto_tutorial")
    swf.register_domain(name="seeds", workflowExecutionRetentionPeriodInDays="1")
    swf.register_workflow_type(
        domain="seeds",
        name="HelloWorkflow",
        version="1.0",
        defaultTaskList={"name": "default"},
        defaultChildPolicy="TERMINATE",
        defaultExecutionStartToCloseTimeout="3600",
        defaultTaskStartToCloseTimeout="300",
    )
    swf.register_activity_type(
        domain="seeds",
        name="HelloWorld",
        version="1.0",
        defaultTaskList={"name": "default"},
        defaultTaskHeartbeatTimeout="600",
        defaultTaskScheduleToCloseTimeout="3900",
        defaultTaskScheduleToStartTimeout="300",
        defaultTaskStartToCloseTimeout="3600",
    )
    run_id = swf.start_workflow_execution(
        domain="seeds",
        workflowId="hello",
        workflowType={"name": "HelloWorkflow", "version": "1.0"},
    )["runId"]

    task = swf.poll_for_decision_task(domain="seeds", taskList={"name": "default"})
    schedule = {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": "saying_hi",
            "activityType": {"name": "HelloWorld", "version": "1.0"},
        },
    }
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[schedule])
    work = swf.poll_for_activity_task(domain="seeds", taskList={"name": "default"})
    swf.respond_activity_task_completed(taskToken=work["taskToken"])
    task = swf.poll_for_decision_task(domain="seeds", taskList={"name": "default"})
    complete = {"decisionType": "CompleteWorkflowExecution"}
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[complete])

    events = history(swf, {"workflowId": "hello", "runId": run_id})
    assert without_times(events) == without_times(expected)
    assert moments(events) == moments(expected)


def test_decision_timeout(boto: Any, recorded: Any) -> None:
    """As recorded but for the decider's 60 seconds and what depends on them, which are 1 here."""
    swf, expected = boto(), recorded("seed000_decision_timeout")
    for event in expected:
        for name in ("workflowExecutionStarted", "decisionTaskScheduled"):
            attributes = event.get(f"{name}EventAttributes", {})
            for timeout in {"taskStartToCloseTimeout", "startToCloseTimeout"} & set(attributes):
                assert attributes[timeout] == "60"
                attributes[timeout] = "1"
    swf.register_domain(name="seeds", workflowExecutionRetentionPeriodInDays="1")
    swf.register_workflow_type(domain="seeds", name="TimeoutTest", version="1.0")
    swf.register_activity_type(domain="seeds", name="Upload", version="1.0.3")
    run_id = swf.start_workflow_execution(
        domain="seeds",
        workflowId="timeout",
        workflowType={"name": "TimeoutTest", "version": "1.0"},
        taskList={"name": "TimeoutTest"},
        childPolicy="TERMINATE",
        executionStartToCloseTimeout="90",
        taskStartToCloseTimeout="1",
        input='{"media_uuid": "1234", "user_uuid": "45567"}',
    )["runId"]

    late = swf.poll_for_decision_task(domain="seeds", taskList={"name": "TimeoutTest"})
    # Waits, as the recorded decider did, until the first decision task has timed out.
    task = swf.poll_for_decision_task(domain="seeds", taskList={"name": "TimeoutTest"})
    with pytest.raises(swf.exceptions.UnknownResourceFault, match="scheduledEventId = 2"):
        swf.respond_decision_task_completed(taskToken=late["taskToken"])
    schedule = {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": "activity id, an arbitrary string",
            "activityType": {"name": "Upload", "version": "1.0.3"},
            "taskList": {"name": "UploadTask"},
            "input": '{"arbitrary": ["string", "we", "use", "json"]}',
            "heartbeatTimeout": "NONE",
            "scheduleToCloseTimeout": "1260",
            "scheduleToStartTimeout": "1260",
            "startToCloseTimeout": "60",
        },
    }
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[schedule])
    work = swf.poll_for_activity_task(domain="seeds", taskList={"name": "UploadTask"})
    result = '["we", "also", "return json"]'
    swf.respond_activity_task_completed(taskToken=work["taskToken"], result=result)
    task = swf.poll_for_decision_task(domain="seeds", taskList={"name": "TimeoutTest"})
    complete = {"decisionType": "CompleteWorkflowExecution"}
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[complete])

    events = history(swf, {"workflowId": "timeout", "runId": run_id})
    assert without_times(events) == without_times(expected)
    assert moments(events) == moments(expected)
