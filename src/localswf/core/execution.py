"""One workflow execution as a state machine: a command and the time in, events out.

No I/O and no clock here: see `localswf.core.state` for what the events do.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from localswf import errors
from localswf.core.events import Attributes, Event
from localswf.core.state import (
    DECISION,
    EXECUTION,
    HEARTBEAT,
    LAMBDA,
    SCHEDULE_TO_START,
    START_TO_CLOSE,
    TIMER,
    Activity,
    LambdaTask,
    State,
    TaskListOverride,
)

Decision = dict[str, Any]
"""A decision, as on the wire."""


class Decided(NamedTuple):
    """A decider's answer to a decision task."""

    decisions: list[Decision]
    execution_context: str | None = None
    override: TaskListOverride | None = None


class Execution(State):
    """A workflow execution. Its commands return the new events, already applied."""

    @classmethod
    def start(
        cls, domain: str, workflow_id: str, run_id: str, attributes: Attributes, now: int
    ) -> "tuple[Execution, list[Event]]":
        """A new execution with its first decision task scheduled.

        Args:
            domain: the domain's name.
            workflow_id: unique among the domain's open executions.
            run_id: unique for ever.
            attributes: those of WorkflowExecutionStarted, defaults filled in.
            now: the time in milliseconds since the epoch.
        """
        execution = cls(domain, workflow_id, run_id)
        moment = Moment(execution, now)
        moment.add("WorkflowExecutionStarted", **attributes)
        execution.need_decision(moment)
        return execution, moment.events

    def start_decision(self, now: int, identity: str | None) -> list[Event]:
        """Give the ready decision task to a decider."""
        task = self.ready_decision
        if task is None:
            raise ValueError("There is no decision task to start.")
        moment = Moment(self, now)
        moment.add("DecisionTaskStarted", identity=identity, scheduledEventId=task.scheduled_id)
        return moment.events

    def check_decision(self, scheduled_id: int, started_id: int) -> None:
        """Refuse an answer to a decision task that is over.

        Raises:
            SwfError: the execution is closed, or the task was answered or timed out.
        """
        self._check_open()
        task = self.started_decision
        if task is None or (task.scheduled_id, task.started_id) != (scheduled_id, started_id):
            raise errors.unknown_task("decision task", scheduled_id)

    def complete_decision(self, decided: Decided, handle: "Handle", now: int) -> list[Event]:
        """Carry out a decider's answer to the started decision task.

        Args:
            decided: the answer, its decisions checked.
            handle: carries out one decision; given the moment, the decision and the id of the
                DecisionTaskCompleted event. True if the decider has to hear of a refusal.
            now: the time in milliseconds since the epoch.
        """
        task = self.started_decision
        if task is None:
            raise ValueError("There is no decision task to complete.")
        moment = Moment(self, now)
        override = decided.override
        completed = moment.add(
            "DecisionTaskCompleted",
            executionContext=decided.execution_context,
            scheduledEventId=task.scheduled_id,
            startedEventId=task.started_id,
            taskList={"name": override.task_list} if override else None,
            taskListScheduleToStartTimeout=override.timeout if override else None,
        )
        refused = False
        for decision in decided.decisions:
            refused |= handle(moment, decision, completed.id)
        if refused and not self.closed:
            self.need_decision(moment)
        return moment.events

    def start_activity(self, scheduled_id: int, now: int, identity: str | None) -> list[Event]:
        """Give a scheduled activity task to a worker."""
        moment = Moment(self, now)
        moment.add("ActivityTaskStarted", identity=identity, scheduledEventId=scheduled_id)
        return moment.events

    def check_activity(self, scheduled_id: int, started_id: int) -> Activity:
        """The started activity task with these ids.

        Raises:
            SwfError: the execution is closed, or the task was answered or timed out.
        """
        self._check_open()
        activity = self.activities.get(scheduled_id)
        if activity is None or activity.started_id != started_id:
            raise errors.unknown_task("activity", scheduled_id)
        return activity

    def end_activity(
        self, activity: Activity, event_type: str, outcome: Mapping[str, Any], now: int
    ) -> list[Event]:
        """Close a started activity task by ActivityTaskCompleted, ...Failed or ...Canceled."""
        moment = Moment(self, now)
        moment.add(
            event_type,
            **outcome,
            scheduledEventId=activity.scheduled_id,
            startedEventId=activity.started_id,
        )
        self.need_decision(moment)
        return moment.events

    def heartbeat(self, activity: Activity, details: str | None, now: int) -> None:
        """Note that a worker is alive and start its heartbeat timeout anew."""
        activity.heartbeat_details = details
        if activity.heartbeat is not None:
            self.deadlines.set((HEARTBEAT, activity.scheduled_id), now + activity.heartbeat)

    def start_lambda(self, scheduled_id: int, now: int) -> list[Event]:
        """Note that a scheduled Lambda function is started, or that it cannot be.

        Without a role to run it with, SWF starts none.
        """
        moment = Moment(self, now)
        if self.started.get("lambdaRole"):
            moment.add("LambdaFunctionStarted", scheduledEventId=scheduled_id)
            return moment.events
        moment.add(
            "StartLambdaFunctionFailed",
            cause="ASSUME_ROLE_FAILED",
            message="No IAM role is attached to the current workflow execution.",
            scheduledEventId=scheduled_id,
        )
        self.need_decision(moment)
        return moment.events

    def end_lambda(
        self, task: LambdaTask, event_type: str, outcome: Mapping[str, Any], now: int
    ) -> list[Event]:
        """Close a started Lambda function by LambdaFunctionCompleted or ...Failed."""
        ids = {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
        return self.hear(event_type, {**outcome, **ids}, now)

    def signal(self, name: str, signal_input: str | None, now: int) -> list[Event]:
        """Deliver a signal from outside."""
        signal = {"externalInitiatedEventId": 0, "input": signal_input, "signalName": name}
        return self.hear("WorkflowExecutionSignaled", signal, now)

    def request_cancel(self, now: int) -> list[Event]:
        """Ask the decider, from outside, to cancel the execution."""
        return self.hear("WorkflowExecutionCancelRequested", {"externalInitiatedEventId": 0}, now)

    def hear(self, event_type: str, attributes: Attributes, now: int) -> list[Event]:
        """Let something come from outside or from another execution; the decider has to know."""
        moment = Moment(self, now)
        moment.add(event_type, **attributes)
        self.need_decision(moment)
        return moment.events

    def terminate(
        self,
        reason: str | None,
        details: str | None,
        child_policy: str | None,
        now: int,
        cause: str = "OPERATOR_INITIATED",
    ) -> list[Event]:
        """Close the execution at once, whatever its decider thinks."""
        moment = Moment(self, now)
        moment.add(
            "WorkflowExecutionTerminated",
            cause=cause,
            childPolicy=child_policy or self.started["childPolicy"],
            details=details,
            reason=reason,
        )
        return moment.events

    def expire(self, now: int) -> list[Event]:
        """Let everything that is due happen, each thing in a moment of its own."""
        events: list[Event] = []
        while (key := self.deadlines.due(now)) is not None:
            moment = Moment(self, now)
            what, opened = key
            if key == EXECUTION:
                policy = self.started["childPolicy"]
                moment.add(
                    "WorkflowExecutionTimedOut", childPolicy=policy, timeoutType=START_TO_CLOSE
                )
            elif what == DECISION:
                self._time_out_decision(moment, opened)
            elif what == TIMER:
                moment.add("TimerFired", startedEventId=opened, timerId=self.timers[opened])
            elif what == LAMBDA:
                moment.add(
                    "LambdaFunctionTimedOut",
                    scheduledEventId=opened,
                    startedEventId=self.lambdas[opened].started_id,
                    timeoutType=START_TO_CLOSE,
                )
            else:
                self._time_out_activity(moment, what, self.activities[opened])
            if not self.closed:
                self.need_decision(moment)
            events += moment.events
        return events

    def need_decision(self, moment: "Moment") -> None:
        """Schedule a decision task, unless one is waiting to be started anyway."""
        if self.scheduled_decision is not None:
            return
        override = self.override
        moment.add(
            "DecisionTaskScheduled",
            scheduleToStartTimeout=(override.timeout if override else None) or "NONE",
            startToCloseTimeout=self.started["taskStartToCloseTimeout"],
            taskList={"name": override.task_list} if override else self.started["taskList"],
            taskPriority=self.started.get("taskPriority"),
        )

    def _check_open(self) -> None:
        if self.closed:
            raise errors.unknown_execution(self.workflow_id, self.run_id)

    def _time_out_decision(self, moment: "Moment", scheduled_id: int) -> None:
        task = self.started_decision
        if task is not None and task.scheduled_id == scheduled_id:
            started_id, timeout_type = task.started_id, START_TO_CLOSE
        else:
            started_id, timeout_type = 0, SCHEDULE_TO_START
        moment.add(
            "DecisionTaskTimedOut",
            scheduledEventId=scheduled_id,
            startedEventId=started_id,
            timeoutType=timeout_type,
        )

    def _time_out_activity(self, moment: "Moment", timeout_type: str, activity: Activity) -> None:
        moment.add(
            "ActivityTaskTimedOut",
            details=activity.heartbeat_details,
            scheduledEventId=activity.scheduled_id,
            startedEventId=activity.started_id,
            timeoutType=timeout_type,
        )


class Moment:
    """Events that happen together: they share a timestamp, later than every earlier one's."""

    __slots__ = ("events", "execution", "timestamp")

    def __init__(self, execution: Execution, now: int) -> None:
        """`now` is the time in milliseconds since the epoch."""
        self.execution = execution
        self.timestamp = max(now, execution.last_timestamp + 1)
        self.events: list[Event] = []

    def add(self, event_type: str, **attributes: Any) -> Event:
        """Let an event happen; attributes that are None stay out of it."""
        if None in attributes.values():
            attributes = {name: v for name, v in attributes.items() if v is not None}
        event = Event(self.execution.last_event_id + 1, self.timestamp, event_type, attributes)
        self.execution.apply(event)
        self.events.append(event)
        return event


Handle = Callable[[Moment, Decision, int], bool]
"""Carries out a decision: see `Execution.complete_decision`."""
