"""What each type of decision does to its execution: one handler per type."""

from collections.abc import Callable, Mapping
from typing import Any

from localswf import errors, limits
from localswf.core.deciding import Attributes, Context, Surroundings, type_reference
from localswf.core.execution import Decision, Execution, Handle, Moment
from localswf.core.external_decisions import (
    check_lambda_timeout,
    continue_as_new,
    request_cancel_external,
    schedule_lambda,
    signal_external,
    start_child,
)
from localswf.core.parameters import check_execution_timeout
from localswf.model import decision_attributes_member, needs_attributes

_CLOSING = frozenset(
    {
        "CancelWorkflowExecution",
        "CompleteWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
        "FailWorkflowExecution",
    }
)

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
        SwfError: attributes that are missing, an execution or a Lambda function that may run too
            long, or a decision after the one that closes the execution. One bad decision refuses
            them all.
    """
    for number, decision in enumerate(decisions, start=1):
        kind = decision["decisionType"]
        member = decision_attributes_member(kind)
        attributes = decision.get(member)
        if attributes is None and needs_attributes(kind):
            raise errors.validation(
                f"{kind}DecisionAttributes must be specified for decision of type {kind}"
            )
        if attributes:
            path = f"decisions.{number}.member.{member}."
            check_execution_timeout(attributes, path)
            if kind == "ScheduleLambdaFunction":
                check_lambda_timeout(attributes, path)
        if kind in _CLOSING and number < len(decisions):
            raise errors.validation("Close must be last decision in list")


def handler(surroundings: Surroundings) -> Handle:
    """What carries out one checked decision, for `Execution.complete_decision`."""

    def handle(moment: Moment, decision: Decision, completed_id: int) -> bool:
        kind = decision["decisionType"]
        attributes = decision.get(decision_attributes_member(kind)) or {}
        context = Context(moment, completed_id, surroundings)
        cause = surroundings.refused.get(kind)
        if cause is not None:
            return context.fail(kind, attributes, cause)
        return _HANDLERS[kind](context, attributes)

    return handle


def _schedule_activity_task(context: Context, attributes: Attributes) -> bool:
    activity_type = type_reference(attributes["activityType"])
    defaults = context.surroundings.activity_defaults(
        activity_type["name"], activity_type["version"]
    )
    cause, chosen = _activity_settings(context.execution, attributes, defaults)
    if cause is not None:
        return context.fail("ScheduleActivityTask", attributes, cause)
    context.add(
        "ActivityTaskScheduled",
        activityId=attributes["activityId"],
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
    if len(execution.activities) >= limits.OPEN_PER_EXECUTION:
        return "OPEN_ACTIVITIES_LIMIT_EXCEEDED", {}
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


def _request_cancel_activity_task(context: Context, attributes: Attributes) -> bool:
    activity_id = attributes["activityId"]
    scheduled_id = context.execution.activity_ids.get(activity_id)
    if scheduled_id is None:
        return context.fail("RequestCancelActivityTask", attributes, "ACTIVITY_ID_UNKNOWN")
    context.add("ActivityTaskCancelRequested", activityId=activity_id)
    activity = context.execution.activities[scheduled_id]
    if activity.started_id:
        return False
    context.moment.add(
        "ActivityTaskCanceled",
        latestCancelRequestedEventId=activity.cancel_requested_id,
        scheduledEventId=scheduled_id,
        startedEventId=0,
    )
    return True


def _start_timer(context: Context, attributes: Attributes) -> bool:
    timer_id = attributes["timerId"]
    if timer_id in context.execution.timer_ids:
        return context.fail("StartTimer", attributes, "TIMER_ID_ALREADY_IN_USE")
    if len(context.execution.timers) >= limits.OPEN_PER_EXECUTION:
        return context.fail("StartTimer", attributes, "OPEN_TIMERS_LIMIT_EXCEEDED")
    context.add(
        "TimerStarted",
        control=attributes.get("control"),
        startToFireTimeout=attributes["startToFireTimeout"],
        timerId=timer_id,
    )
    return False


def _cancel_timer(context: Context, attributes: Attributes) -> bool:
    timer_id = attributes["timerId"]
    started_id = context.execution.timer_ids.get(timer_id)
    if started_id is None:
        return context.fail("CancelTimer", attributes, "TIMER_ID_UNKNOWN")
    context.add("TimerCanceled", startedEventId=started_id, timerId=timer_id)
    return False


def _record_marker(context: Context, attributes: Attributes) -> bool:
    context.add(
        "MarkerRecorded", details=attributes.get("details"), markerName=attributes["markerName"]
    )
    return False


def _complete_workflow_execution(context: Context, attributes: Attributes) -> bool:
    if context.unhandled:
        return context.fail("CompleteWorkflowExecution", attributes, "UNHANDLED_DECISION")
    context.add("WorkflowExecutionCompleted", result=attributes.get("result"))
    return False


def _fail_workflow_execution(context: Context, attributes: Attributes) -> bool:
    if context.unhandled:
        return context.fail("FailWorkflowExecution", attributes, "UNHANDLED_DECISION")
    context.add(
        "WorkflowExecutionFailed",
        details=attributes.get("details"),
        reason=attributes.get("reason"),
    )
    return False


def _cancel_workflow_execution(context: Context, attributes: Attributes) -> bool:
    if context.unhandled:
        return context.fail("CancelWorkflowExecution", attributes, "UNHANDLED_DECISION")
    context.add("WorkflowExecutionCanceled", details=attributes.get("details"))
    return False


_HANDLERS: Mapping[str, Callable[[Context, Attributes], bool]] = {
    "ScheduleActivityTask": _schedule_activity_task,
    "RequestCancelActivityTask": _request_cancel_activity_task,
    "CompleteWorkflowExecution": _complete_workflow_execution,
    "FailWorkflowExecution": _fail_workflow_execution,
    "CancelWorkflowExecution": _cancel_workflow_execution,
    "RecordMarker": _record_marker,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "ContinueAsNewWorkflowExecution": continue_as_new,
    "SignalExternalWorkflowExecution": signal_external,
    "RequestCancelExternalWorkflowExecution": request_cancel_external,
    "StartChildWorkflowExecution": start_child,
    "ScheduleLambdaFunction": schedule_lambda,
}
