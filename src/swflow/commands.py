"""What a workflow's code asks Amazon SWF for, and how it is found again in the history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from swflow.history import Event, attributes

_DECISION_OF = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "ScheduleActivityTaskFailed": "ScheduleActivityTask",
    "TimerStarted": "StartTimer",
    "StartTimerFailed": "StartTimer",
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "CompleteWorkflowExecutionFailed": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "FailWorkflowExecutionFailed": "FailWorkflowExecution",
}

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Command:
    """One decision.

    Attributes:
        kind: the decision's type.
        attributes: what the decision says.
        owner: whoever hears what becomes of it.
    """

    kind: str
    attributes: dict[str, Any]
    owner: Any = None

    def decision(self) -> dict[str, Any]:
        """The decision as RespondDecisionTaskCompleted takes it."""
        return {
            "decisionType": self.kind,
            f"{self.kind[0].lower()}{self.kind[1:]}DecisionAttributes": self.attributes,
        }

    def caused(self, event: Event) -> bool:
        """Whether this event came of this decision.

        An activity is the same if its id, its name and its arguments are; a timer, if its id and
        its length are. An activity's version, task list and timeouts say how it is run: they may
        change while executions are open.
        """
        if _DECISION_OF.get(event["eventType"]) != self.kind:
            return False
        here, there = self.attributes, attributes(event)
        match event["eventType"]:
            case "ActivityTaskScheduled":
                return (
                    here["activityId"] == there["activityId"]
                    and here["activityType"]["name"] == there["activityType"]["name"]
                    and bool(self.owner.takes_the_same(here["input"], there.get("input")))
                )
            case "ScheduleActivityTaskFailed":
                return bool(here["activityId"] == there["activityId"])
            case "TimerStarted":
                return all(here[key] == there[key] for key in ("timerId", "startToFireTimeout"))
            case "StartTimerFailed":
                return bool(here["timerId"] == there["timerId"])
            case _:
                return True

    def __str__(self) -> str:
        return _describe(self.kind, self.attributes)


def describe(event: Event) -> str:
    """An event that came of a decision, in the words that describe the decision."""
    kind = event["eventType"]
    return _describe(_DECISION_OF.get(kind) or str(kind), attributes(event))


def _describe(kind: str, says: Mapping[str, Any]) -> str:
    match kind:
        case "ScheduleActivityTask":
            called = f"{says['activityType']['name']} ({says['activityId']})"
            given = says.get("input") or "no input"
            return f"{kind} {called} with {given[:_SHOWN]}{'…' * (len(given) > _SHOWN)}"
        case "StartTimer":
            return f"{kind} ({says['timerId']}) of {says.get('startToFireTimeout', '?')} s"
        case _:
            return kind
