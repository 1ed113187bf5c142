"""What must be true of histories, and of what clients were told, whatever was cut off when."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.swf_json import attributes

Event = dict[str, Any]
History = list[Event]

_CONTINUED = "WorkflowExecutionContinuedAsNew"
CLOSES = {
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionCompleted": "COMPLETED",
    _CONTINUED: "CONTINUED_AS_NEW",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
}
# What opens something, and what ends it by naming the opener's id.
_ENDS = {
    "ActivityTaskScheduled": (
        "scheduledEventId",
        {f"ActivityTask{end}" for end in ("Canceled", "Completed", "Failed", "TimedOut")},
    ),
    "DecisionTaskScheduled": (
        "scheduledEventId",
        {"DecisionTaskCompleted", "DecisionTaskTimedOut"},
    ),
    "TimerStarted": ("startedEventId", {"TimerCanceled", "TimerFired"}),
    "StartChildWorkflowExecutionInitiated": (
        "initiatedEventId",
        {
            "StartChildWorkflowExecutionFailed",
            *(f"Child{close}" for close in CLOSES if close != _CONTINUED),
        },
    ),
    "SignalExternalWorkflowExecutionInitiated": (
        "initiatedEventId",
        {"ExternalWorkflowExecutionSignaled", "SignalExternalWorkflowExecutionFailed"},
    ),
    "RequestCancelExternalWorkflowExecutionInitiated": (
        "initiatedEventId",
        {
            "ExternalWorkflowExecutionCancelRequested",
            "RequestCancelExternalWorkflowExecutionFailed",
        },
    ),
}
_STARTS = {
    "ActivityTaskStarted": ("scheduledEventId", "ActivityTaskScheduled"),
    "DecisionTaskStarted": ("scheduledEventId", "DecisionTaskScheduled"),
    "ChildWorkflowExecutionStarted": ("initiatedEventId", "StartChildWorkflowExecutionInitiated"),
}
_AT_ONCE = {
    "SignalExternalWorkflowExecutionInitiated",
    "RequestCancelExternalWorkflowExecutionInitiated",
}
# What a request leaves in a history, if its caller puts a mark of its own there.
_MARKS = {
    "WorkflowExecutionStarted": "input",
    "WorkflowExecutionSignaled": "input",
    "WorkflowExecutionTerminated": "reason",
    "DecisionTaskStarted": "identity",
    "DecisionTaskCompleted": "executionContext",
    "ActivityTaskStarted": "identity",
    "ActivityTaskCompleted": "result",
    "ActivityTaskFailed": "details",
    "ActivityTaskCanceled": "details",
}


def milliseconds(event: Event) -> int:
    """When an event happened."""
    return round(event["eventTimestamp"] * 1000)


def is_closed(history: History) -> bool:
    """Whether an execution is over."""
    return history[-1]["eventType"] in CLOSES


def check_history(history: History) -> None:
    """Hold one history against the rules: numbers, order, one end for each beginning."""
    assert [event["eventId"] for event in history] == list(range(1, len(history) + 1))
    times = [milliseconds(event) for event in history]
    assert times == sorted(times)
    kinds = [event["eventType"] for event in history]
    assert kinds[0] == "WorkflowExecutionStarted"
    assert not any(kind in CLOSES for kind in kinds[:-1]), "something happened after the end"
    assert "WorkflowExecutionStarted" not in kinds[1:]
    _check_pairs(history)
    _check_decision_tasks(history)
    if not is_closed(history):
        for opener in _openers(history, _AT_ONCE):
            assert _ended(history, opener), f"{opener['eventType']} was not answered at once"


def _check_pairs(history: History) -> None:
    for opener in _openers(history, _ENDS.keys()):
        assert len(_ended(history, opener)) <= 1, f"{opener} has two ends"
    started = Counter()
    for event in history:
        if event["eventType"] in _STARTS:
            member, opener = _STARTS[event["eventType"]]
            opened_by = attributes(event)[member]
            assert history[opened_by - 1]["eventType"] == opener
            started[opened_by] += 1
    assert all(count == 1 for count in started.values()), "something started twice"


def _check_decision_tasks(history: History) -> None:
    scheduled = started = 0
    for event in history:
        told = attributes(event)
        match event["eventType"]:
            case "DecisionTaskScheduled":
                assert not scheduled, "two decision tasks wait"
                scheduled = event["eventId"]
            case "DecisionTaskStarted":
                assert not started, "two decision tasks at a time"
                assert told["scheduledEventId"] == scheduled
                scheduled, started = 0, event["eventId"]
            case "DecisionTaskCompleted":
                assert told["startedEventId"] == started != 0
                started = 0
            case "DecisionTaskTimedOut" if told["startedEventId"]:
                assert told["startedEventId"] == started
                started = 0
            case "DecisionTaskTimedOut":
                assert told["scheduledEventId"] == scheduled
                scheduled = 0


def check_due(history: History, now: int) -> None:
    """All that was due at `now`, in milliseconds, has happened."""
    if is_closed(history):
        return
    for timer in _openers(history, {"TimerStarted"}):
        due = milliseconds(timer) + int(attributes(timer)["startToFireTimeout"]) * 1000
        assert due >= now or _ended(history, timer), f"{timer} did not fire"
    for started in _openers(history, {"DecisionTaskStarted", "ActivityTaskStarted"}):
        scheduled = history[attributes(started)["scheduledEventId"] - 1]
        timeout = attributes(scheduled)["startToCloseTimeout"]
        if timeout != "NONE":
            due = milliseconds(started) + int(timeout) * 1000
            assert due >= now or _ended(history, scheduled), f"{started} did not time out"


def check_exchange(run_id: str, histories: Mapping[str, History]) -> None:
    """What passed between an execution and others is known to both; `histories` is all by runId."""
    history = histories[run_id]
    started = attributes(history[0])
    parent = started.get("parentWorkflowExecution")
    if parent is not None:
        _check_parent(histories[parent["runId"]], started["parentInitiatedEventId"], history)
    for event in history:
        told = attributes(event)
        match event["eventType"]:
            case "WorkflowExecutionContinuedAsNew":
                following = attributes(histories[told["newExecutionRunId"]][0])
                assert following["continuedExecutionRunId"] == run_id
            case "ChildWorkflowExecutionStarted":
                child = attributes(histories[told["workflowExecution"]["runId"]][0])
                assert child["parentInitiatedEventId"] == told["initiatedEventId"]
            case "ExternalWorkflowExecutionSignaled":
                heard = [
                    attributes(other)["externalInitiatedEventId"]
                    for other in histories[told["workflowExecution"]["runId"]]
                    if other["eventType"] == "WorkflowExecutionSignaled"
                    and _source(other) == run_id
                ]
                assert heard.count(told["initiatedEventId"]) == 1
            case "WorkflowExecutionSignaled" if _source(event):
                asked = histories[_source(event)][told["externalInitiatedEventId"] - 1]
                assert asked["eventType"] == "SignalExternalWorkflowExecutionInitiated"


def _check_parent(parent: History, initiated_id: int, child: History) -> None:
    initiated = parent[initiated_id - 1]
    assert initiated["eventType"] == "StartChildWorkflowExecutionInitiated"
    if is_closed(parent):
        return
    assert any(
        event["eventType"] == "ChildWorkflowExecutionStarted"
        and attributes(event)["initiatedEventId"] == initiated_id
        for event in parent
    )
    if child[-1]["eventType"] != _CONTINUED:
        heard = bool(_ended(parent, initiated))
        assert heard == is_closed(child), "a child's end is not what its parent heard"


def _source(event: Event) -> str:
    source = attributes(event).get("externalWorkflowExecution")
    return source["runId"] if source else ""


def marks(history: History) -> Iterator[str]:
    """The marks that requests left in a history."""
    for event in history:
        mark = attributes(event).get(_MARKS.get(event["eventType"], ""))
        if mark is not None:
            yield mark


def _openers(history: History, kinds: Any) -> Iterator[Event]:
    return (event for event in history if event["eventType"] in kinds)


def _ended(history: History, opener: Event) -> list[Event]:
    member, ends = _ENDS[opener["eventType"]]
    return [
        event
        for event in history[opener["eventId"] :]
        if event["eventType"] in ends and attributes(event)[member] == opener["eventId"]
    ]
