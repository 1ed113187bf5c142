"""Histories recorded from Amazon SWF, lived through again by boto3 over HTTP.

`Replay` reads a recorded history and plays decider, workers and outside world by its events. What
comes out has the same events in the same order, with the same attributes, those of one moment
with one timestamp. Known differences, and no others:

- DecisionTaskScheduled has scheduleToStartTimeout, which Amazon SWF has written since 2023 (the
  histories recorded before have none);
- the runIds are new ones;
- the decider's 60 seconds of seed000_decision_timeout, which times out, are 1 here.

A started execution and its child are given what the recording says they had, as parameters of the
start or the decision: the types are registered without defaults.
"""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.swf_json import attributes, decision

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "histories" / "real_swf.json"

pytestmark = pytest.mark.skipif(
    not RECORDED.exists(), reason=f"the recorded histories are not here: {RECORDED}"
)

NAMES = (
    [history["name"] for history in json.loads(RECORDED.read_text())] if RECORDED.exists() else []
)
DOMAIN = "recorded"

# The decision that causes each event, and which of its attributes are not the decision's own.
DECIDED = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "MarkerRecorded": "RecordMarker",
    "StartChildWorkflowExecutionInitiated": "StartChildWorkflowExecution",
    "TimerCanceled": "CancelTimer",
    "TimerStarted": "StartTimer",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
}
NOT_DECIDED = {"decisionTaskCompletedEventId", "startedEventId"}
CHILD_ENDS = {
    "ChildWorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "ChildWorkflowExecutionFailed": "FailWorkflowExecution",
}
BY_ITSELF = {
    "ChildWorkflowExecutionStarted",
    "DecisionTaskScheduled",
    "DecisionTaskTimedOut",
    "TimerFired",
}


def recorded(name: str) -> list[dict[str, Any]]:
    histories = {h["name"]: h["events"] for h in json.loads(RECORDED.read_text())}
    events: list[dict[str, Any]] = histories[name]
    for event in events:
        if event["eventType"] == "DecisionTaskScheduled":
            attributes(event)["scheduleToStartTimeout"] = "NONE"
        if name == "seed000_decision_timeout":
            for timeout in ("taskStartToCloseTimeout", "startToCloseTimeout"):
                if event["eventType"].startswith(("Workflow", "DecisionTaskScheduled")):
                    shorten(attributes(event), timeout)
    return events


def shorten(given: dict[str, Any], timeout: str) -> None:
    if timeout in given:
        assert given[timeout] == "60"
        given[timeout] = "1"


def moments(events: list[dict[str, Any]]) -> list[list[int]]:
    """The ids of the events, those with one timestamp together."""
    groups = itertools.groupby(events, lambda event: event["eventTimestamp"])
    return [[event["eventId"] for event in group] for _, group in groups]


def comparable(events: list[dict[str, Any]]) -> list[Any]:
    """The events without their times and with one runId for all."""
    told = [{k: v for k, v in event.items() if k != "eventTimestamp"} for event in events]
    return json.loads(re.sub(r'"runId": "[^"]*"', '"runId": "22"', json.dumps(told)))


class Replay:
    """Lives through a recorded history again."""

    def __init__(self, swf: Any, events: list[dict[str, Any]]) -> None:
        self.swf = swf
        self.events = events
        self.by_id = {event["eventId"]: event for event in events}
        self.decision_tokens: dict[int, str] = {}
        self.activity_tokens: dict[str, str] = {}
        self.set_aside: dict[str, str] = {}

    def run(self) -> list[dict[str, Any]]:
        """The history that comes out."""
        self.register()
        started = attributes(self.events[0])
        given = {k: v for k, v in started.items() if k != "parentInitiatedEventId"}
        names = {"domain": DOMAIN, "workflowId": "recorded"}
        run = self.swf.start_workflow_execution(**names, **given)
        self.execution = {"workflowId": "recorded", "runId": run["runId"]}
        for event in self.events[1:]:
            self.play(event)
        return self.history()

    def history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.swf.get_workflow_execution_history(
            domain=DOMAIN, execution=self.execution
        )["events"]
        return found

    def register(self) -> None:
        """Every type that the history names, without defaults."""
        self.swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        kinds = ("workflowType", "activityType")
        named = {
            (kind, attributes(event)[kind]["name"], attributes(event)[kind]["version"])
            for event in self.events
            for kind in kinds
            if kind in attributes(event)
        }
        for kind, name, version in sorted(named):
            register = getattr(self.swf, f"register_{kind.replace('T', '_t')}")
            register(domain=DOMAIN, name=name, version=version)

    def play(self, event: dict[str, Any]) -> None:
        """Do what made an event happen, unless it happens by itself or with another's.

        What happens by itself is waited for by the poll for the decision that follows from it.
        """
        kind = event["eventType"]
        if kind not in BY_ITSELF and kind not in DECIDED:
            players: dict[str, Callable[[dict[str, Any]], None]] = {
                "ActivityTaskCompleted": self.end_activity,
                "ActivityTaskFailed": self.end_activity,
                "ActivityTaskStarted": self.start_activity,
                "DecisionTaskCompleted": self.decide,
                "DecisionTaskStarted": self.start_decision,
                "WorkflowExecutionCancelRequested": self.request_cancel,
                "WorkflowExecutionSignaled": self.signal,
                **dict.fromkeys(CHILD_ENDS, self.end_child),
            }
            players[kind](event)

    def start_decision(self, event: dict[str, Any]) -> None:
        scheduled = self.by_id[attributes(event)["scheduledEventId"]]
        task_list = attributes(scheduled)["taskList"]
        token = self.take_decision("recorded", task_list, **identity(event))
        self.decision_tokens[event["eventId"]] = token

    def take_decision(self, workflow_id: str, task_list: dict[str, str], **who: str) -> str:
        """Poll until a task of one execution comes; parent and child may share a list."""
        while workflow_id not in self.set_aside:
            task = self.swf.poll_for_decision_task(domain=DOMAIN, taskList=task_list, **who)
            self.set_aside[task["workflowExecution"]["workflowId"]] = task["taskToken"]
        return self.set_aside.pop(workflow_id)

    def decide(self, event: dict[str, Any]) -> None:
        made = []
        for caused in self.events:
            told = attributes(caused)
            is_caused = told.get("decisionTaskCompletedEventId") == event["eventId"]
            if is_caused and caused["eventType"] in DECIDED:
                chosen = {k: v for k, v in told.items() if k not in NOT_DECIDED}
                made.append(decision(DECIDED[caused["eventType"]], **chosen))
        told = attributes(event)
        context = {k: v for k, v in told.items() if k == "executionContext"}
        token = self.decision_tokens[told["startedEventId"]]
        self.swf.respond_decision_task_completed(taskToken=token, decisions=made, **context)

    def start_activity(self, event: dict[str, Any]) -> None:
        scheduled = attributes(self.by_id[attributes(event)["scheduledEventId"]])
        task = self.swf.poll_for_activity_task(
            domain=DOMAIN, taskList=scheduled["taskList"], **identity(event)
        )
        self.activity_tokens[task["activityId"]] = task["taskToken"]

    def end_activity(self, event: dict[str, Any]) -> None:
        told = attributes(event)
        scheduled = attributes(self.by_id[told["scheduledEventId"]])
        outcome = {k: v for k, v in told.items() if k in {"result", "reason", "details"}}
        kind = event["eventType"].removeprefix("ActivityTask").lower()
        respond = getattr(self.swf, f"respond_activity_task_{kind}")
        respond(taskToken=self.activity_tokens[scheduled["activityId"]], **outcome)

    def request_cancel(self, _event: dict[str, Any]) -> None:
        self.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="recorded")

    def signal(self, event: dict[str, Any]) -> None:
        given = {k: v for k, v in attributes(event).items() if k in {"signalName", "input"}}
        self.swf.signal_workflow_execution(domain=DOMAIN, workflowId="recorded", **given)

    def end_child(self, event: dict[str, Any]) -> None:
        told = attributes(event)
        initiated = attributes(self.by_id[told["initiatedEventId"]])
        token = self.take_decision(initiated["workflowId"], initiated["taskList"])
        outcome = {k: v for k, v in told.items() if k in {"result", "reason", "details"}}
        close = decision(CHILD_ENDS[event["eventType"]], **outcome)
        self.swf.respond_decision_task_completed(taskToken=token, decisions=[close])


def identity(event: dict[str, Any]) -> dict[str, str]:
    return {k: v for k, v in attributes(event).items() if k == "identity"}


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_history_comes_out_again(boto: Any, name: str) -> None:
    expected = recorded(name)
    events = Replay(boto(), expected).run()
    assert comparable(events) == comparable(expected)
    assert moments(events) == moments(expected)
