"""Histories written by hand, for the tests of replay."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from swflow import WorkflowType, replay
from swflow.replay import Instance

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """A history in the making: decides with the workflow's code, and writes down what comes of it.

    Kept, it feeds one instance with what is new; otherwise it replays everything every time.
    """

    def __init__(self, workflow: WorkflowType[..., Any], *args: Any, kept: bool = False) -> None:
        self.workflow = workflow
        self.events: list[dict[str, Any]] = []
        self.now = START
        self.instance = Instance(workflow) if kept else None
        self._fed = 0
        given = workflow.encode_input(args, {})
        self.add("WorkflowExecutionStarted", input=given)

    def add(self, kind: str, **attributes: Any) -> int:
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        event = {
            "eventId": len(self.events) + 1,
            "eventType": kind,
            "eventTimestamp": self.now,
            key: attributes,
        }
        self.events.append(event)
        return len(self.events)

    def begin_decision(self) -> int:
        scheduled = self.add("DecisionTaskScheduled", startToCloseTimeout="300")
        return self.add("DecisionTaskStarted", scheduledEventId=scheduled)

    def decisions(self) -> list[dict[str, Any]]:
        """What the code decides at this point, without anything being written down."""
        if self.instance is None:
            return replay(self.workflow, self.events)
        new, self._fed = self.events[self._fed :], len(self.events)
        return self.instance.feed(new)

    def complete_decision(self, decisions: list[dict[str, Any]]) -> None:
        completed = self.add("DecisionTaskCompleted")
        for decision in decisions:
            self._write(decision, completed)

    def decide(self) -> list[dict[str, Any]]:
        """One decision from beginning to end."""
        self.begin_decision()
        decisions = self.decisions()
        self.complete_decision(decisions)
        return decisions

    def scheduled(self) -> list[tuple[str, str]]:
        """The ids and names of the activities that one more decision schedules."""
        return [
            (says["activityId"], says["activityType"]["name"])
            for decision in self.decide()
            if (says := decision.get("scheduleActivityTaskDecisionAttributes"))
        ]

    def complete(self, activity_id: str, result: Any = None) -> None:
        scheduled = self._scheduled(activity_id)
        self.add("ActivityTaskCompleted", scheduledEventId=scheduled, result=json.dumps(result))

    def fail(self, activity_id: str, reason: str = "oops", *, retry: bool = True) -> None:
        self.add(
            "ActivityTaskFailed",
            scheduledEventId=self._scheduled(activity_id),
            reason=reason,
            details=json.dumps({"retry": retry, "details": None}),
        )

    def time_out(self, activity_id: str, kind: str = "START_TO_CLOSE", details: str = "") -> None:
        scheduled = self._scheduled(activity_id)
        more = {"details": details} if details else {}
        self.add("ActivityTaskTimedOut", scheduledEventId=scheduled, timeoutType=kind, **more)

    def fire(self, timer_id: str) -> None:
        self.add("TimerFired", timerId=timer_id)

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def result(self) -> Any:
        """What one more decision completes the execution with."""
        (decision,) = self.decide()
        return json.loads(decision["completeWorkflowExecutionDecisionAttributes"]["result"])

    def failure(self) -> tuple[str, dict[str, Any]]:
        """The reason and the details that one more decision fails the execution with."""
        says = self.decide()[-1]["failWorkflowExecutionDecisionAttributes"]
        return says["reason"], json.loads(says["details"])

    def close(self) -> None:
        if self.instance is not None:
            self.instance.close()

    def _scheduled(self, activity_id: str) -> int:
        return next(
            event["eventId"]
            for event in reversed(self.events)
            if event.get("activityTaskScheduledEventAttributes", {}).get("activityId")
            == activity_id
        )

    def _write(self, decision: dict[str, Any], completed: int) -> None:
        kind = decision["decisionType"]
        says = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
        event = {
            "ScheduleActivityTask": "ActivityTaskScheduled",
            "StartTimer": "TimerStarted",
            "RecordMarker": "MarkerRecorded",
            "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
            "FailWorkflowExecution": "WorkflowExecutionFailed",
        }[kind]
        self.add(event, decisionTaskCompletedEventId=completed, **says)


Begin = Callable[..., History]


@pytest.fixture
def begin_replayed() -> Begin:
    """Begins an execution that is replayed in full for every decision."""
    return History


@pytest.fixture(params=[False, True], ids=["replayed", "kept"])
def begin(request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins an execution: replayed in full for every decision, and kept between decisions."""
    begun: list[History] = []

    def start(workflow: WorkflowType[..., Any], *args: Any) -> History:
        begun.append(History(workflow, *args, kept=request.param))
        return begun[-1]

    yield start
    for each in begun:
        each.close()
