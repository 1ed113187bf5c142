"""How much an execution may have open, and how long its history may grow."""

import itertools
from typing import Any

import pytest

LIMIT = 1000


def test_a_history_that_grows_too_long_ends_its_execution(
    swf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localswf.limits.EVENTS", 12)
    swf.start()
    signal = {"domain": "videos", "workflowId": "video", "signalName": "again"}
    for _ in range(9):
        swf.client.signal_workflow_execution(**signal)
    assert len(swf.types()) == 11
    swf.client.signal_workflow_execution(**signal)

    assert swf.types()[-2:] == ["WorkflowExecutionSignaled", "WorkflowExecutionTerminated"]
    assert swf.last("WorkflowExecutionTerminated") == {
        "cause": "EVENT_LIMIT_EXCEEDED",
        "childPolicy": "TERMINATE",
    }
    assert swf.refusal("signal_workflow_execution", **signal)[0] == "UnknownResourceFault"


def test_25_000_events_are_too_many(swf: Any) -> None:
    swf.start()
    markers = [swf.marker("m")] * 4_000
    for number in itertools.count():
        swf.decide(*markers, swf.start_timer(str(number), 0))
        swf.client._service.clock.advance(1)
        if swf.describe()["executionInfo"]["executionStatus"] == "CLOSED":
            break
    events = swf.history(reverseOrder=True, maximumPageSize=1)
    assert events[0]["eventType"] == "WorkflowExecutionTerminated"
    assert 25_000 < events[0]["eventId"] < 25_000 + 2 * 4_000


@pytest.mark.parametrize(
    ("kind", "failed", "cause"),
    [
        ("activity", "ScheduleActivityTaskFailed", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"),
        ("timer", "StartTimerFailed", "OPEN_TIMERS_LIMIT_EXCEEDED"),
        ("child", "StartChildWorkflowExecutionFailed", "OPEN_CHILDREN_LIMIT_EXCEEDED"),
    ],
)
def test_a_thousand_may_be_open(swf: Any, kind: str, failed: str, cause: str) -> None:
    def one(number: int) -> Any:
        if kind == "activity":
            return swf.schedule(str(number))
        if kind == "timer":
            return swf.start_timer(str(number), 9)
        reference = {"name": "Process", "version": "1"}
        asked = {"workflowId": f"child {number}", "workflowType": reference}
        return swf.decision("StartChildWorkflowExecution", **asked, taskList={"name": "nursery"})

    swf.start()
    swf.decide(*map(one, range(LIMIT)), swf.marker("full"))
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="more")
    swf.decide(one(LIMIT))

    latest = swf.history(reverseOrder=True, maximumPageSize=2)
    assert [event["eventType"] for event in latest] == ["DecisionTaskScheduled", failed]
    attributes = latest[1][f"{failed[0].lower()}{failed[1:]}EventAttributes"]
    assert attributes["cause"] == cause
