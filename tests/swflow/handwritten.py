"""Histories written by hand."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from swflow import OutdatedInstance, WorkflowType, replay
from swflow.deciders.replay import Instance

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """A history in the making: decides with the workflow's code, and writes down what comes of it.

    Kept, it feeds one instance with what is new; otherwise it replays everything every time.
    """

    def __init__(self, workflow: WorkflowType[..., Any], *args: Any, kept: bool = False) -> None:
        self.workflow = workflow
        self.events: list[dict[str, Any]] = []
        self.now = START
        self._this = {"workflow_id": "the-id", "run_id": "the-run"}
        self.instance = Instance(workflow, **self._this) if kept else None
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
            return self.replayed()
        new, self._fed = self.events[self._fed :], len(self.events)
        try:
            return self.instance.feed(new)
        except OutdatedInstance:
            self.drop()
            return self.decisions()

    def replayed(self) -> list[dict[str, Any]]:
        """The same, by a replay of everything."""
        return replay(self.workflow, self.events, **self._this)

    def drop(self) -> None:
        """What a decider does with a kept instance that it has no room for."""
        if self.instance is not None:
            self.instance.close()
            self.instance, self._fed = Instance(self.workflow, **self._this), 0

    def complete_decision(self, decisions: list[dict[str, Any]]) -> None:
        completed = self.add("DecisionTaskCompleted")
        for decision in decisions:
            self.write(decision, completed)

    def decide(self) -> list[dict[str, Any]]:
        """One decision from beginning to end."""
        self.begin_decision()
        decisions = self.decisions()
        self.complete_decision(decisions)
        return decisions

    def asked(self) -> list[str]:
        """What one more decision asks for, in short."""
        return [_short(each) for each in self.decide()]

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

    def fail(self, activity_id: str, reason: str = "oops", **says: bool) -> None:
        self.add(
            "ActivityTaskFailed",
            scheduledEventId=self._scheduled(activity_id),
            reason=reason,
            details=json.dumps({"retry": True, "details": None} | says),
        )

    def time_out(self, activity_id: str, kind: str = "START_TO_CLOSE", details: str = "") -> None:
        scheduled = self._scheduled(activity_id)
        more = {"details": details} if details else {}
        self.add("ActivityTaskTimedOut", scheduledEventId=scheduled, timeoutType=kind, **more)

    def cancelled(self, activity_id: str) -> None:
        self.add("ActivityTaskCanceled", scheduledEventId=self._scheduled(activity_id))

    def request_cancel(self) -> None:
        self.add("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)

    def signal(self, name: str, value: Any = None) -> None:
        text = {} if value is None else {"input": json.dumps(value)}
        self.add("WorkflowExecutionSignaled", signalName=name, externalInitiatedEventId=0, **text)

    def start_child(self, workflow_id: str, run_id: str = "child-run") -> None:
        self.child(workflow_id, "Started", workflowExecution={"runId": run_id})

    def child(self, workflow_id: str, became: str, **says: Any) -> None:
        """What becomes of a child: Completed, Failed, TimedOut, Canceled or Terminated."""
        kind = "StartChildWorkflowExecutionInitiated"
        initiated = self._last(kind, "workflowId", workflow_id)
        self.add(f"ChildWorkflowExecution{became}", initiatedEventId=initiated, **says)

    def reached(self, kind: str, became: str, **says: Any) -> None:
        """What becomes of the last thing asked of another execution."""
        initiated = next(
            event["eventId"]
            for event in reversed(self.events)
            if event["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated"
        )
        self.add(became, initiatedEventId=initiated, **says)

    def fire(self, timer_id: str) -> None:
        started = self._last("TimerStarted", "timerId", timer_id)
        self.add("TimerFired", timerId=timer_id, startedEventId=started)

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def result(self) -> Any:
        """What one more decision completes the execution with."""
        decision = self.decide()[-1]
        return json.loads(decision["completeWorkflowExecutionDecisionAttributes"]["result"])

    def failure(self) -> tuple[str, dict[str, Any]]:
        """The reason and the details that one more decision fails the execution with."""
        says = self.decide()[-1]["failWorkflowExecutionDecisionAttributes"]
        return says["reason"], json.loads(says["details"])

    def close(self) -> None:
        if self.instance is not None:
            self.instance.close()

    def _scheduled(self, activity_id: str) -> int:
        return self._last("ActivityTaskScheduled", "activityId", activity_id)

    def _last(self, kind: str, key: str, value: str) -> int:
        """The id of the last event of this kind whose attribute has this value."""
        return next(
            event["eventId"]
            for event in reversed(self.events)
            if event["eventType"] == kind
            and event[f"{kind[0].lower()}{kind[1:]}EventAttributes"][key] == value
        )

    def write(self, decision: dict[str, Any], completed: int) -> None:
        kind = decision["decisionType"]
        says = dict(decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"])
        if kind == "CancelTimer":
            says["startedEventId"] = self._last("TimerStarted", "timerId", says["timerId"])
        event = {
            "ScheduleActivityTask": "ActivityTaskScheduled",
            "RequestCancelActivityTask": "ActivityTaskCancelRequested",
            "StartTimer": "TimerStarted",
            "CancelTimer": "TimerCanceled",
            "RecordMarker": "MarkerRecorded",
            "StartChildWorkflowExecution": "StartChildWorkflowExecutionInitiated",
            "SignalExternalWorkflowExecution": "SignalExternalWorkflowExecutionInitiated",
            "RequestCancelExternalWorkflowExecution": (
                "RequestCancelExternalWorkflowExecutionInitiated"
            ),
            "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
            "FailWorkflowExecution": "WorkflowExecutionFailed",
            "CancelWorkflowExecution": "WorkflowExecutionCanceled",
            "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
        }[kind]
        self.add(event, decisionTaskCompletedEventId=completed, **says)


def _short(decision: dict[str, Any]) -> str:
    kind = decision["decisionType"]
    says = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
    ids = ("activityId", "timerId", "markerName", "workflowId")
    return " ".join([kind, *(says[key] for key in ids if key in says)])
