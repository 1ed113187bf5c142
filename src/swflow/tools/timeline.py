"""A history as people read it: what was done, one step a line, with how long it took."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from swflow.deciders.parking import is_parking
from swflow.execution.history import Event, attributes, timestamp
from swflow.values.activity_ids import attempt_of
from swflow.values.failure import Report

_ENDS = {
    "Completed": "completed",
    "Failed": "failed",
    "TimedOut": "timed out",
    "Canceled": "cancelled",
    "Terminated": "terminated",
    "Fired": "fired",
    "Signaled": "delivered",
    "CancelRequested": "delivered",
    "ContinuedAsNew": "continued as new",
}
_PREFIXES = (
    "ExternalWorkflowExecution",
    "ChildWorkflowExecution",
    "StartChildWorkflowExecution",
    "SignalExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecution",
    "WorkflowExecution",
    "ActivityTask",
    "LambdaFunction",
    "StartLambdaFunction",
    "Timer",
)
_BEGUN_BY = ("scheduledEventId", "startedEventId", "initiatedEventId")
_GOOD = frozenset({"completed", "fired", "delivered", "received", "recorded", "continued as new"})
_PENDING = frozenset({"open", "waiting", "running"})


@dataclass(slots=True, kw_only=True)
class Step:
    """Something that happened in an execution.

    Attributes:
        event_id: the event that it began with.
        kind: activity, child, timer, lambda, signal, marker, decision, request or problem.
        name: what it is called: an activity's type, a signal's name.
        id: an activity's id, a timer's, the workflow id of a child.
        attempt: which attempt of the same call it is, from 1.
        begun: when it was asked for, or happened.
        started: when somebody began to work on it.
        ended: when it was over; None while it is not, and of what has no duration.
        outcome: waiting, running, completed, failed, timed out, cancelled, given up, ...
        said: its result, or why it failed.
    """

    event_id: int
    kind: str
    name: str
    begun: datetime
    id: str = ""
    attempt: int = 1
    started: datetime | None = None
    ended: datetime | None = None
    outcome: str = "waiting"
    said: str = ""

    @property
    def waited(self) -> timedelta | None:
        """How long it waited for somebody to begin with it."""
        return self.started - self.begun if self.started else None

    @property
    def took(self) -> timedelta | None:
        """How long it went on, from its start if it has one."""
        return self.ended - (self.started or self.begun) if self.ended else None

    @property
    def is_good(self) -> bool:
        """Whether it went as it should."""
        return self.outcome in _GOOD

    @property
    def is_pending(self) -> bool:
        """Whether it is not over."""
        return self.outcome in _PENDING


@dataclass(slots=True)
class Timeline:
    """An execution and its steps, in the order they were begun.

    Attributes:
        name: of the workflow's type.
        version: of the workflow's type.
        input: as it travelled.
        begun: when it was started.
        ended: when it closed.
        outcome: open, completed, failed, timed out, cancelled, terminated, continued as new.
        said: its result, or why it failed.
        steps: what happened in it.
    """

    name: str
    version: str
    input: str
    begun: datetime
    ended: datetime | None = None
    outcome: str = "open"
    said: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether it closed as it should."""
        return self.outcome in _GOOD


def timeline(events: Iterable[Event]) -> Timeline:
    """What happened in an execution.

    Args:
        events: its history, from WorkflowExecutionStarted on.
    """
    events = iter(events)
    first = next(events)
    says = attributes(first)
    kind = says["workflowType"]
    line = Timeline(kind["name"], kind["version"], says.get("input", ""), timestamp(first))
    steps: dict[int, Step] = {}
    for event in events:
        if not _advance(steps, event) and not _close(line, event):
            step = _begun(event)
            if step is not None:
                steps[event["eventId"]] = step
    line.steps = list(steps.values())
    _name_waits(line.steps)
    if line.ended:
        _give_up(line.steps)
    return line


def _advance(steps: Mapping[int, Step], event: Event) -> bool:
    """Note what became of a step; False if the event is not about one that is known."""
    says = attributes(event)
    about = next((says[key] for key in _BEGUN_BY if says.get(key) in steps), None)
    if about is None:
        return False
    step, kind = steps[about], event["eventType"]
    if kind.endswith("Started"):
        step.started, step.outcome = timestamp(event), "running"
        return True
    step.ended, step.outcome, step.said = timestamp(event), _outcome(kind), _said(event)
    return True


def _close(line: Timeline, event: Event) -> bool:
    kind = event["eventType"]
    asked = kind in ("WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested")
    if asked or not kind.startswith("WorkflowExecution"):
        return False
    line.ended, line.outcome, line.said = timestamp(event), _outcome(kind), _said(event)
    return True


def _begun(event: Event) -> Step | None:
    """The step that begins with an event; most events of decisions begin none."""
    says, kind = attributes(event), event["eventType"]
    if is_parking(event) and kind != "MarkerRecorded":
        return None
    match kind:
        case "ActivityTaskScheduled":
            found = ("activity", says["activityType"]["name"], says["activityId"])
        case "LambdaFunctionScheduled":
            found = ("lambda", says["name"], says["id"])
        case "StartChildWorkflowExecutionInitiated":
            found = ("child", says["workflowType"]["name"], says["workflowId"])
        case "TimerStarted":
            found = ("timer", f"timer of {says['startToFireTimeout']} s", says["timerId"])
        case "SignalExternalWorkflowExecutionInitiated":
            found = ("request", f"signal {says['signalName']}", says["workflowId"])
        case "RequestCancelExternalWorkflowExecutionInitiated":
            found = ("request", "request to cancel", says["workflowId"])
        case _:
            return _moment(event)
    step_kind, name, step_id = found
    attempt = attempt_of(step_id) if step_kind == "activity" else 1
    step = _step(event, step_kind, name)
    step.id, step.attempt = step_id, attempt
    return step


def _moment(event: Event) -> Step | None:
    """A step that is over as soon as it is begun."""
    says, kind = attributes(event), event["eventType"]
    match kind:
        case "WorkflowExecutionSignaled":
            found = ("signal", says["signalName"], "received", says.get("input"))
        case "WorkflowExecutionCancelRequested":
            found = ("request", "request to cancel it", "received", says.get("cause"))
        case "ActivityTaskCancelRequested":
            found = ("request", f"request to cancel {says['activityId']}", "recorded", None)
        case "MarkerRecorded" if is_parking(event):
            found = ("problem", "set aside", "failed", says.get("details"))
        case "MarkerRecorded":
            found = ("marker", says["markerName"], "recorded", says.get("details"))
        case "DecisionTaskTimedOut":
            found = ("decision", "decision", "timed out", says["timeoutType"])
        case _ if kind.endswith("Failed"):
            found = ("problem", kind.removesuffix("Failed"), "failed", says.get("cause"))
        case _:
            return None
    return _step(event, *found)


def _step(
    event: Event, kind: str, name: str, outcome: str = "waiting", said: str | None = ""
) -> Step:
    return Step(
        event_id=event["eventId"],
        kind=kind,
        name=name,
        begun=timestamp(event),
        outcome=outcome,
        said=said or "",
    )


def _outcome(kind: str) -> str:
    prefix = next(each for each in _PREFIXES if kind.startswith(each))
    return _ENDS[kind.removeprefix(prefix)]


def _said(event: Event) -> str:
    says = attributes(event)
    if "timeoutType" in says:
        return str(says["timeoutType"])
    if "cause" in says:
        return str(says["cause"])
    if "reason" in says:
        report = Report.read(says["reason"], says.get("details"))
        return report.reason if report.retry else f"{report.reason} (not to be tried again)"
    return str(says.get("result", says.get("newExecutionRunId", "")))


def _give_up(steps: Iterable[Step]) -> None:
    """What an execution waits for when it closes is given up; its children may go on."""
    for step in steps:
        if step.is_pending and step.kind != "child":
            step.outcome = "given up"


def _name_waits(steps: Iterable[Step]) -> None:
    """A timer that has an attempt's id is the wait before that attempt."""
    activities = {step.id: step.name for step in steps if step.kind == "activity"}
    for step in steps:
        call, dot, attempt = step.id.partition(".")
        if step.kind == "timer" and dot and call in activities:
            step.name = f"wait before attempt {attempt} of {activities[call]}"
