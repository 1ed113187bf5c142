"""What a workflow's code asks Amazon SWF for, and how it is found again in the history."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from swflow.execution.history import Event, attributes
from swflow.values.reading import all_readable
from swflow.values.sealing import Sealer

_DECISION_OF = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "ScheduleActivityTaskFailed": "ScheduleActivityTask",
    "ActivityTaskCancelRequested": "RequestCancelActivityTask",
    "RequestCancelActivityTaskFailed": "RequestCancelActivityTask",
    "TimerStarted": "StartTimer",
    "StartTimerFailed": "StartTimer",
    "TimerCanceled": "CancelTimer",
    "CancelTimerFailed": "CancelTimer",
    "MarkerRecorded": "RecordMarker",
    "RecordMarkerFailed": "RecordMarker",
    "StartChildWorkflowExecutionInitiated": "StartChildWorkflowExecution",
    "StartChildWorkflowExecutionFailed": "StartChildWorkflowExecution",
    "SignalExternalWorkflowExecutionInitiated": "SignalExternalWorkflowExecution",
    "SignalExternalWorkflowExecutionFailed": "SignalExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionInitiated": "RequestCancelExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionFailed": "RequestCancelExternalWorkflowExecution",
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "CompleteWorkflowExecutionFailed": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "FailWorkflowExecutionFailed": "FailWorkflowExecution",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "CancelWorkflowExecutionFailed": "CancelWorkflowExecution",
    "WorkflowExecutionContinuedAsNew": "ContinueAsNewWorkflowExecution",
    "ContinueAsNewWorkflowExecutionFailed": "ContinueAsNewWorkflowExecution",
}

_ID = {
    "ScheduleActivityTask": "activityId",
    "RequestCancelActivityTask": "activityId",
    "StartTimer": "timerId",
    "CancelTimer": "timerId",
    "RecordMarker": "markerName",
    "StartChildWorkflowExecution": "workflowId",
    "SignalExternalWorkflowExecution": "workflowId",
    "RequestCancelExternalWorkflowExecution": "workflowId",
}

_COMPARED = {
    "StartTimer": "startToFireTimeout",
    "SignalExternalWorkflowExecution": "signalName",
}

_SENT = frozenset(
    {"ScheduleActivityTask", "StartChildWorkflowExecution", "SignalExternalWorkflowExecution"}
)

_TYPE = {"ScheduleActivityTask": "activityType", "StartChildWorkflowExecution": "workflowType"}

PAYLOAD_OF = {
    "ScheduleActivityTask": "input",
    "StartChildWorkflowExecution": "input",
    "SignalExternalWorkflowExecution": "input",
    "RecordMarker": "details",
    "CompleteWorkflowExecution": "result",
    "FailWorkflowExecution": "details",
    "ContinueAsNewWorkflowExecution": "input",
}
"""What of a decision is a payload: JSON of the program's own, of any length."""

_SHOWN = 200


class Owner(Protocol):
    """Whoever asked for something, and hears what becomes of it."""

    def told(self, event: Event) -> None:
        """Something happened to it."""


class Sender(Owner, Protocol):
    """Whoever asked for an activity, a child workflow or a signal to another execution."""

    def takes_the_same(self, here: str, there: str | None) -> bool:
        """Whether two payloads are the same."""


@dataclass(slots=True, eq=False)
class Command:
    """One decision.

    Attributes:
        kind: the decision's type.
        attributes: what the decision says.
        owner: whoever hears what becomes of it.
        callee: the type of the activity or workflow that it calls.
        where: the file and the line of the workflow's code that asked for it, where that is noted.
    """

    kind: str
    attributes: dict[str, Any]
    owner: Any = None
    callee: Any = None
    where: str | None = None

    def decision(self) -> dict[str, Any]:
        """The decision as RespondDecisionTaskCompleted takes it."""
        return {"decisionType": self.kind, attributes_key(self.kind): self.attributes}

    def payload(self) -> str | None:
        """What of it is the program's own, as JSON of any length."""
        field = PAYLOAD_OF.get(self.kind)
        return self.attributes.get(field) if field else None

    def payload_name(self) -> str:
        """What errors call that."""
        match self.kind:
            case "ScheduleActivityTask" | "StartChildWorkflowExecution":
                return f"the input of {self.attributes[_TYPE[self.kind]]['name']}"
            case "SignalExternalWorkflowExecution":
                return f"the value of signal {self.attributes['signalName']!r}"
            case "RecordMarker":
                return f"the details of marker {self.attributes['markerName']!r}"
            case _:
                return f"the {PAYLOAD_OF[self.kind]} of a {self.kind} decision"

    def caused(self, event: Event, sealer: Sealer) -> bool:
        """Whether this event came of this decision.

        An activity is the same if its id, its name and its arguments are, and so is a child
        workflow or a signal; a timer, if its id and its length are; a marker, if its name and
        details are.
        An activity's version, task list and timeouts say how it is run: they may change while
        executions are open.

        Args:
            event: as it came: its payload may be sealed.
            sealer: of the domain.
        """
        event_type = event["eventType"]
        if _DECISION_OF.get(event_type) != self.kind:
            return False
        here, there = self.attributes, attributes(event)
        identity = _ID.get(self.kind)
        if identity is not None and here[identity] != there[identity]:
            return False
        if event_type.endswith("Failed"):
            return True
        if self.kind == "RecordMarker":
            return sealer.same(here["details"], there.get("details"))
        named, compared = _TYPE.get(self.kind), _COMPARED.get(self.kind)
        if (named and here[named]["name"] != there[named]["name"]) or (
            compared and here[compared] != there[compared]
        ):
            return False
        return self.kind not in _SENT or self.owner.takes_the_same(
            here["input"], there.get("input")
        )

    def __str__(self) -> str:
        return _describe(self.kind, self.attributes)


@functools.cache
def attributes_key(kind: str) -> str:
    """Under which key a decision of this type has its attributes."""
    return f"{kind[0].lower()}{kind[1:]}DecisionAttributes"


def describe(event: Event, sealer: Sealer) -> str:
    """An event that came of a decision, in the words that describe the decision."""
    kind = event["eventType"]
    return _describe(_DECISION_OF.get(kind) or str(kind), all_readable(sealer, attributes(event)))


def _describe(kind: str, says: Mapping[str, Any]) -> str:
    match kind:
        case "ScheduleActivityTask":
            name, given = says["activityType"]["name"], says.get("input")
            return f"{kind} {name} ({says['activityId']}) with {_short(given, 'no input')}"
        case "StartChildWorkflowExecution":
            name, given = says["workflowType"]["name"], says.get("input")
            return f"{kind} {name} ({says['workflowId']}) with {_short(given, 'no input')}"
        case "StartTimer":
            return f"{kind} ({says['timerId']}) of {says.get('startToFireTimeout', '?')} s"
        case "RecordMarker":
            return f"{kind} {says['markerName']} with {_short(says.get('details'), 'no details')}"
        case "SignalExternalWorkflowExecution" if "signalName" in says:
            given = _short(says.get("input"), "no input")
            return f"{kind} {says['signalName']} ({says['workflowId']}) with {given}"
        case _:
            return f"{kind} ({says[_ID[kind]]})" if kind in _ID else kind


def _short(text: str | None, otherwise: str) -> str:
    text = text or otherwise
    return f"{text[:_SHOWN]}{'…' * (len(text) > _SHOWN)}"
