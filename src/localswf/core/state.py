"""What a workflow execution is at a point of its history.

`State.apply` is the only place where state changes, for events that are new and for those read
back from disk alike, so what survives a restart is what the history says. Heartbeats are the one
exception: SWF writes no event for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from localswf.core.events import Attributes, Event
from localswf.core.timers import Deadlines

DeadlineKey = tuple[str, int]
"""What is due, and the id of the event that opened it."""

EXECUTION = ("EXECUTION", 1)
DECISION = "DECISION"
LAMBDA = "LAMBDA"
TIMER = "TIMER"
SCHEDULE_TO_START = "SCHEDULE_TO_START"
SCHEDULE_TO_CLOSE = "SCHEDULE_TO_CLOSE"
START_TO_CLOSE = "START_TO_CLOSE"
HEARTBEAT = "HEARTBEAT"

_CLOSES = {
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
}


@dataclass(slots=True)
class DecisionTask:
    """A decision task that is not over. `started_id` is 0 until a decider has it."""

    scheduled_id: int
    task_list: str
    start_to_close: int | None
    started_id: int = 0


@dataclass(slots=True)
class Activity:
    """An activity task that is not over. `started_id` is 0 until a worker has it."""

    scheduled_id: int
    activity_id: str
    activity_type: Mapping[str, str]
    task_list: str
    priority: int
    input: str | None
    start_to_close: int | None
    heartbeat: int | None
    started_id: int = 0
    heartbeat_details: str | None = None
    cancel_requested_id: int | None = None


@dataclass(slots=True)
class LambdaTask:
    """A Lambda function that was asked for and is not over. `started_id` is 0 until it is started.

    `start_to_close` is in milliseconds.
    """

    scheduled_id: int
    function_id: str
    name: str
    input: str | None
    start_to_close: int
    started_id: int = 0


@dataclass(slots=True)
class Child:
    """A child that was asked for and is not over. `started_id` is 0 until it is started."""

    workflow_id: str
    started_id: int = 0


class TaskListOverride(NamedTuple):
    """Where a decider asked to get this execution's decision tasks from now on.

    `timeout` is the wait, in SWF's form, after which the override is given up; None for never.
    """

    task_list: str
    timeout: str | None


class State:
    """The state of one workflow execution, as its history so far makes it.

    Attributes:
        closed: whether nothing can happen to it any more.
    """

    def __init__(self, domain: str, workflow_id: str, run_id: str) -> None:
        self.domain = domain
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.started: Attributes = {}
        self.started_at = 0
        self.closed_at = 0
        self.closed = False
        self.close_status: str | None = None
        self.last_event_id = 0
        self.last_timestamp = 0
        self.previous_started_id = 0
        self.last_activity_at: int | None = None
        self.execution_context: str | None = None
        self.override: TaskListOverride | None = None
        self.cancel_requested = False
        self.scheduled_decision: DecisionTask | None = None
        self.started_decision: DecisionTask | None = None
        self.activities: dict[int, Activity] = {}
        self.activity_ids: dict[str, int] = {}
        self.children: dict[int, Child] = {}
        self.lambdas: dict[int, LambdaTask] = {}
        self.lambda_ids: dict[str, int] = {}
        self.timers: dict[int, str] = {}
        self.timer_ids: dict[str, int] = {}
        self.deadlines: Deadlines[DeadlineKey] = Deadlines()

    @property
    def reference(self) -> dict[str, str]:
        """Its names, as a WorkflowExecution of the wire."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def workflow_type(self) -> dict[str, str]:
        """Its type, as a WorkflowType of the wire."""
        found: dict[str, str] = self.started["workflowType"]
        return found

    @property
    def ready_decision(self) -> DecisionTask | None:
        """The decision task a decider may be given now: never one beside another."""
        return None if self.started_decision is not None else self.scheduled_decision

    @property
    def has_decision(self) -> bool:
        """Whether a decision task is not over."""
        return self.started_decision is not None or self.scheduled_decision is not None

    @property
    def priority(self) -> int:
        """The priority of its decision tasks."""
        return int(self.started.get("taskPriority") or 0)

    def next_deadline(self) -> int | None:
        """When `expire` has something to do, in milliseconds since the epoch."""
        return self.deadlines.next()

    def apply(self, event: Event) -> None:
        """Change the state by one event, the next of the history.

        Raises:
            ValueError: it is not the next one.
        """
        if event.id != self.last_event_id + 1:
            raise ValueError(f"Event {event.id} cannot follow event {self.last_event_id}.")
        self.last_event_id = event.id
        self.last_timestamp = event.timestamp
        change = _CHANGES.get(event.type)
        if change is not None:
            change(self, event)


def _started(state: State, event: Event) -> None:
    # The input is the decider's; the history has it.
    state.started = {name: v for name, v in event.attributes.items() if name != "input"}
    state.started_at = event.timestamp
    _due(state, EXECUTION, event, state.started["executionStartToCloseTimeout"])


def _decision_scheduled(state: State, event: Event) -> None:
    attributes = event.attributes
    state.scheduled_decision = DecisionTask(
        event.id,
        attributes["taskList"]["name"],
        milliseconds(attributes["startToCloseTimeout"]),
    )
    # SWF's histories of before 2023 lack it.
    timeout = attributes.get("scheduleToStartTimeout", "NONE")
    _due(state, (DECISION, event.id), event, timeout)


def _decision_started(state: State, event: Event) -> None:
    task = state.scheduled_decision
    if task is None:
        raise ValueError(f"Event {event.id} starts a decision task that was not scheduled.")
    state.scheduled_decision = None
    state.started_decision = task
    task.started_id = event.id
    key = (DECISION, task.scheduled_id)
    state.deadlines.drop(key)
    if task.start_to_close is not None:
        state.deadlines.set(key, event.timestamp + task.start_to_close)


def _decision_completed(state: State, event: Event) -> None:
    attributes = event.attributes
    state.started_decision = None
    state.previous_started_id = attributes["startedEventId"]
    state.deadlines.drop((DECISION, attributes["scheduledEventId"]))
    if "executionContext" in attributes:
        state.execution_context = attributes["executionContext"]
    if "taskList" in attributes:
        state.override = TaskListOverride(
            attributes["taskList"]["name"], attributes.get("taskListScheduleToStartTimeout")
        )


def _decision_timed_out(state: State, event: Event) -> None:
    if event.attributes["timeoutType"] == START_TO_CLOSE:
        state.started_decision = None
    else:
        state.scheduled_decision = None
    state.deadlines.drop((DECISION, event.attributes["scheduledEventId"]))
    if state.override is not None and state.override.timeout is not None:
        state.override = None


def _activity_scheduled(state: State, event: Event) -> None:
    attributes = event.attributes
    state.activities[event.id] = Activity(
        event.id,
        attributes["activityId"],
        attributes["activityType"],
        attributes["taskList"]["name"],
        int(attributes.get("taskPriority") or 0),
        attributes.get("input"),
        milliseconds(attributes["startToCloseTimeout"]),
        milliseconds(attributes["heartbeatTimeout"]),
    )
    state.activity_ids[attributes["activityId"]] = event.id
    state.last_activity_at = event.timestamp
    _due(state, (SCHEDULE_TO_START, event.id), event, attributes["scheduleToStartTimeout"])
    _due(state, (SCHEDULE_TO_CLOSE, event.id), event, attributes["scheduleToCloseTimeout"])


def _activity_started(state: State, event: Event) -> None:
    scheduled_id = event.attributes["scheduledEventId"]
    activity = state.activities[scheduled_id]
    activity.started_id = event.id
    state.deadlines.drop((SCHEDULE_TO_START, scheduled_id))
    if activity.start_to_close is not None:
        due = event.timestamp + activity.start_to_close
        state.deadlines.set((START_TO_CLOSE, scheduled_id), due)
    if activity.heartbeat is not None:
        state.deadlines.set((HEARTBEAT, scheduled_id), event.timestamp + activity.heartbeat)


def _activity_closed(state: State, event: Event) -> None:
    scheduled_id = event.attributes["scheduledEventId"]
    activity = state.activities.pop(scheduled_id)
    del state.activity_ids[activity.activity_id]
    for what in (SCHEDULE_TO_START, SCHEDULE_TO_CLOSE, START_TO_CLOSE, HEARTBEAT):
        state.deadlines.drop((what, scheduled_id))


def _activity_cancel_requested(state: State, event: Event) -> None:
    scheduled_id = state.activity_ids[event.attributes["activityId"]]
    state.activities[scheduled_id].cancel_requested_id = event.id


def _cancel_requested(state: State, _event: Event) -> None:
    state.cancel_requested = True


def _timer_started(state: State, event: Event) -> None:
    timer_id = event.attributes["timerId"]
    state.timers[event.id] = timer_id
    state.timer_ids[timer_id] = event.id
    _due(state, (TIMER, event.id), event, event.attributes["startToFireTimeout"])


def _timer_closed(state: State, event: Event) -> None:
    started_id = state.timer_ids.pop(event.attributes["timerId"])
    del state.timers[started_id]
    state.deadlines.drop((TIMER, started_id))


def _lambda_scheduled(state: State, event: Event) -> None:
    attributes = event.attributes
    function_id = attributes["id"]
    state.lambdas[event.id] = LambdaTask(
        event.id,
        function_id,
        attributes["name"],
        attributes.get("input"),
        int(attributes["startToCloseTimeout"]) * 1000,
    )
    state.lambda_ids[function_id] = event.id


def _lambda_started(state: State, event: Event) -> None:
    scheduled_id = event.attributes["scheduledEventId"]
    task = state.lambdas[scheduled_id]
    task.started_id = event.id
    state.deadlines.set((LAMBDA, scheduled_id), event.timestamp + task.start_to_close)


def _lambda_closed(state: State, event: Event) -> None:
    scheduled_id = event.attributes["scheduledEventId"]
    task = state.lambdas.pop(scheduled_id)
    del state.lambda_ids[task.function_id]
    state.deadlines.drop((LAMBDA, scheduled_id))


def _child_initiated(state: State, event: Event) -> None:
    state.children[event.id] = Child(event.attributes["workflowId"])


def _child_started(state: State, event: Event) -> None:
    state.children[event.attributes["initiatedEventId"]].started_id = event.id


def _child_closed(state: State, event: Event) -> None:
    # 0 where the decision itself was refused.
    state.children.pop(event.attributes["initiatedEventId"], None)


def _closed(state: State, event: Event) -> None:
    # The children stay: its end may be theirs.
    state.closed = True
    state.close_status = _CLOSES[event.type]
    state.closed_at = event.timestamp
    state.scheduled_decision = state.started_decision = None
    state.activities.clear()
    state.activity_ids.clear()
    state.timers.clear()
    state.timer_ids.clear()
    state.lambdas.clear()
    state.lambda_ids.clear()
    state.deadlines.clear()


def _due(state: State, key: DeadlineKey, event: Event, duration: str) -> None:
    length = milliseconds(duration)
    if length is not None:
        state.deadlines.set(key, event.timestamp + length)


def milliseconds(duration: str) -> int | None:
    """A duration in SWF's form, seconds in digits, as milliseconds; None for NONE."""
    return None if duration == "NONE" else int(duration) * 1000


_CHANGES: Mapping[str, Callable[[State, Event], None]] = {
    "WorkflowExecutionStarted": _started,
    "DecisionTaskScheduled": _decision_scheduled,
    "DecisionTaskStarted": _decision_started,
    "DecisionTaskCompleted": _decision_completed,
    "DecisionTaskTimedOut": _decision_timed_out,
    "ActivityTaskScheduled": _activity_scheduled,
    "ActivityTaskStarted": _activity_started,
    "ActivityTaskCompleted": _activity_closed,
    "ActivityTaskFailed": _activity_closed,
    "ActivityTaskTimedOut": _activity_closed,
    "ActivityTaskCancelRequested": _activity_cancel_requested,
    "ActivityTaskCanceled": _activity_closed,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "TimerStarted": _timer_started,
    "TimerFired": _timer_closed,
    "TimerCanceled": _timer_closed,
    "LambdaFunctionScheduled": _lambda_scheduled,
    "LambdaFunctionStarted": _lambda_started,
    "LambdaFunctionCompleted": _lambda_closed,
    "LambdaFunctionFailed": _lambda_closed,
    "LambdaFunctionTimedOut": _lambda_closed,
    "StartLambdaFunctionFailed": _lambda_closed,
    "StartChildWorkflowExecutionInitiated": _child_initiated,
    "StartChildWorkflowExecutionFailed": _child_closed,
    "ChildWorkflowExecutionStarted": _child_started,
    "ChildWorkflowExecutionCanceled": _child_closed,
    "ChildWorkflowExecutionCompleted": _child_closed,
    "ChildWorkflowExecutionFailed": _child_closed,
    "ChildWorkflowExecutionTerminated": _child_closed,
    "ChildWorkflowExecutionTimedOut": _child_closed,
    **dict.fromkeys(_CLOSES, _closed),
}
