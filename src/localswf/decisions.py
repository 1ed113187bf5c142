"""What each type of decision does to its execution: one handler per type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localswf import errors
from localswf.execution import Decision, Execution, Moment
from localswf.model import decision_attributes_member, needs_attributes

Attributes = Mapping[str, Any]
ActivityDefaults = Callable[[str, str], Mapping[str, Any] | str]
"""Takes an activity type's name and version; its defaults, or the cause why it may not be used."""

_CLOSING = frozenset({"CompleteWorkflowExecution", "FailWorkflowExecution"})

# The timeouts of an activity: the decision's member, the type's default, and the cause of the
# refusal if neither is given, in the order in which SWF looks.
_ACTIVITY_TIMEOUTS = (
    (
        "scheduleToStartTimeout",
        "defaultTaskScheduleToStartTimeout",
        "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    ),
    (
        "scheduleToCloseTimeout",
        "defaultTaskScheduleToCloseTimeout",
        "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    (
        "startToCloseTimeout",
        "defaultTaskStartToCloseTimeout",
        "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    (
        "heartbeatTimeout",
        "defaultTaskHeartbeatTimeout",
        "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    ),
)


def check(decisions: list[Decision]) -> None:
    """Hold a list of decisions, each valid by the model, against what the model does not say.

    Raises:
        SwfError: a type this service does not carry out, attributes that are missing, or a
            decision after the one that closes the execution. One bad decision refuses them all.
    """
    for number, decision in enumerate(decisions, start=1):
        kind = decision["decisionType"]
        if kind not in _HANDLERS:
            rule = f"Member must satisfy enum value set: [{', '.join(_HANDLERS)}]"
            raise errors.constraint(kind, f"decisions.{number}.member.decisionType", rule)
        if decision.get(decision_attributes_member(kind)) is None and needs_attributes(kind):
            raise errors.validation(
                f"{kind}DecisionAttributes must be specified for decision of type {kind}"
            )
        if kind in _CLOSING and number < len(decisions):
            raise errors.validation("Close must be last decision in list")


def handler(activity_defaults: ActivityDefaults) -> Callable[[Moment, Decision, int], bool]:
    """What carries out one checked decision, for `Execution.complete_decision`."""

    def handle(moment: Moment, decision: Decision, completed_id: int) -> bool:
        kind = decision["decisionType"]
        attributes = decision.get(decision_attributes_member(kind)) or {}
        return _HANDLERS[kind](_Context(moment, completed_id, activity_defaults), attributes)

    return handle


@dataclass(frozen=True, slots=True)
class _Context:
    """What a handler works with; handlers return whether the decider has to hear of a refusal."""

    moment: Moment
    completed_id: int
    activity_defaults: ActivityDefaults

    @property
    def execution(self) -> Execution:
        return self.moment.execution

    def add(self, event_type: str, **attributes: Any) -> None:
        """Let an event of this decision happen."""
        self.moment.add(event_type, **attributes, decisionTaskCompletedEventId=self.completed_id)


def _schedule_activity_task(context: _Context, attributes: Attributes) -> bool:
    reference = attributes["activityType"]
    activity_type = {"name": reference["name"], "version": reference["version"]}
    activity_id = attributes["activityId"]
    defaults = context.activity_defaults(activity_type["name"], activity_type["version"])
    cause, chosen = _activity_settings(context.execution, attributes, defaults)
    if cause is not None:
        context.add(
            "ScheduleActivityTaskFailed",
            activityId=activity_id,
            activityType=activity_type,
            cause=cause,
        )
        return True
    context.add(
        "ActivityTaskScheduled",
        activityId=activity_id,
        activityType=activity_type,
        control=attributes.get("control"),
        input=attributes.get("input"),
        **chosen,
    )
    return False


def _activity_settings(
    execution: Execution, attributes: Attributes, defaults: Mapping[str, Any] | str
) -> tuple[str | None, dict[str, Any]]:
    """Why an activity cannot be scheduled, or with which task list, priority and timeouts."""
    if isinstance(defaults, str):
        return defaults, {}
    if attributes["activityId"] in execution.activity_ids:
        return "ACTIVITY_ID_ALREADY_IN_USE", {}
    task_list = attributes.get("taskList") or defaults.get("defaultTaskList")
    if not task_list:
        return "DEFAULT_TASK_LIST_UNDEFINED", {}
    chosen = {
        "taskList": {"name": task_list["name"]},
        "taskPriority": attributes.get("taskPriority") or defaults.get("defaultTaskPriority"),
    }
    for member, default, cause in _ACTIVITY_TIMEOUTS:
        chosen[member] = attributes.get(member) or defaults.get(default)
        if not chosen[member]:
            return cause, {}
    return None, chosen


def _start_timer(context: _Context, attributes: Attributes) -> bool:
    timer_id = attributes["timerId"]
    if timer_id in context.execution.timer_ids:
        context.add("StartTimerFailed", cause="TIMER_ID_ALREADY_IN_USE", timerId=timer_id)
        return True
    context.add(
        "TimerStarted",
        control=attributes.get("control"),
        startToFireTimeout=attributes["startToFireTimeout"],
        timerId=timer_id,
    )
    return False


def _cancel_timer(context: _Context, attributes: Attributes) -> bool:
    timer_id = attributes["timerId"]
    started_id = context.execution.timer_ids.get(timer_id)
    if started_id is None:
        context.add("CancelTimerFailed", cause="TIMER_ID_UNKNOWN", timerId=timer_id)
        return True
    context.add("TimerCanceled", startedEventId=started_id, timerId=timer_id)
    return False


def _record_marker(context: _Context, attributes: Attributes) -> bool:
    context.add(
        "MarkerRecorded", details=attributes.get("details"), markerName=attributes["markerName"]
    )
    return False


def _complete_workflow_execution(context: _Context, attributes: Attributes) -> bool:
    if _unhandled(context):
        context.add("CompleteWorkflowExecutionFailed", cause="UNHANDLED_DECISION")
        return True
    context.add("WorkflowExecutionCompleted", result=attributes.get("result"))
    return False


def _fail_workflow_execution(context: _Context, attributes: Attributes) -> bool:
    if _unhandled(context):
        context.add("FailWorkflowExecutionFailed", cause="UNHANDLED_DECISION")
        return True
    context.add(
        "WorkflowExecutionFailed",
        details=attributes.get("details"),
        reason=attributes.get("reason"),
    )
    return False


def _unhandled(context: _Context) -> bool:
    """Whether something happened that the decider has not seen: another decision is waiting."""
    return context.execution.scheduled_decision is not None


_HANDLERS: Mapping[str, Callable[[_Context, Attributes], bool]] = {
    "ScheduleActivityTask": _schedule_activity_task,
    "CompleteWorkflowExecution": _complete_workflow_execution,
    "FailWorkflowExecution": _fail_workflow_execution,
    "RecordMarker": _record_marker,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
}
