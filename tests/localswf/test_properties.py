"""The pure core under any commands at any time."""

import json
from typing import Any

from botocore.validate import ParamValidator
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from harness.any_decisions import CLOSE, MADE, SECONDS, TIMEOUTS
from localswf.core import decisions
from localswf.core.deciding import Surroundings
from localswf.core.events import Event
from localswf.core.execution import Decided, Execution
from localswf.core.state import TaskListOverride
from localswf.model import structure

DEFAULTS = {"defaultTaskList": {"name": "workers"}, "defaultTaskHeartbeatTimeout": "NONE"}
CHILD_ENDINGS = st.sampled_from(["Canceled", "Completed", "Failed", "Terminated", "TimedOut"])


def activity_defaults(name: str, _version: str) -> dict[str, Any] | str:
    return DEFAULTS if name == "Resize" else "ACTIVITY_TYPE_DOES_NOT_EXIST"


SURROUNDINGS = Surroundings(activity_defaults, activity_defaults, lambda: "22next", has_lambda=True)

# What an event opens: the attribute that is unique among what is open, the attribute by which the
# event that closes it refers to it, and how those events begin.
OPENS = {
    "ActivityTaskScheduled": (
        "activityId",
        "scheduledEventId",
        {f"ActivityTask{end}" for end in ("Canceled", "Completed", "Failed", "TimedOut")},
    ),
    "LambdaFunctionScheduled": (
        "id",
        "scheduledEventId",
        {f"LambdaFunction{end}" for end in ("Completed", "Failed", "TimedOut")}
        | {"StartLambdaFunctionFailed"},
    ),
    "TimerStarted": ("timerId", "startedEventId", {"TimerFired", "TimerCanceled"}),
    "StartChildWorkflowExecutionInitiated": (
        None,
        "initiatedEventId",
        {
            f"ChildWorkflowExecution{end}"
            for end in ("Canceled", "Completed", "Failed", "Terminated", "TimedOut")
        }
        | {"StartChildWorkflowExecutionFailed"},
    ),
}
# What another execution is asked for, and what is heard of it.
ASKS = {
    "SignalExternalWorkflowExecutionInitiated": (
        "ExternalWorkflowExecutionSignaled",
        "SignalExternalWorkflowExecutionFailed",
    ),
    "RequestCancelExternalWorkflowExecutionInitiated": (
        "ExternalWorkflowExecutionCancelRequested",
        "RequestCancelExternalWorkflowExecutionFailed",
    ),
}


def left_open(history: list[Event], opened_by: str) -> dict[int, Any]:
    """What is open at the end of a history: its event's id and what is unique about it."""
    unique, link, closers = OPENS[opened_by]
    found: dict[int, Any] = {}
    for event in history:
        if event.type == opened_by:
            name = event.attributes.get(unique)
            assert name is None or name not in found.values()
            found[event.id] = name
        elif event.type in closers and event.attributes[link]:
            del found[event.attributes[link]]
    return found


def facts(execution: Execution) -> dict[str, Any]:
    """All an execution knows, in comparable form."""
    known = dict(vars(execution))
    deadlines = known.pop("deadlines")
    known["due"] = sorted((when, key) for when, _, key in deadlines._entries.values())
    return known


class AnyExecution(RuleBasedStateMachine):
    """Whatever happens, in whatever order:

    - event ids run from 1 without holes, timestamps never go back, and every command's events are
      later than all before them;
    - every event is one of SWF's model, with the attributes that the model wants;
    - at most one decision task is scheduled and one started;
    - an open execution has a way on: a decision task, an activity, a timer or its own timeout;
    - nothing happens after the close, and nothing stays open;
    - nothing that is due waits after `expire`;
    - an activity, timer, Lambda function or child is closed once at most, none closes that was not
      opened, and no two that are open share an id;
    - the state is what the history says: read back from JSON it is the same.
    """

    @initialize(
        timeout=st.sampled_from(["60", "31536000"]),
        task_timeout=TIMEOUTS,
        role=st.sampled_from([{}, {"lambdaRole": "arn:aws:iam::123456789012:role/r"}]),
    )
    def start(self, timeout: str, task_timeout: str, role: dict[str, str]) -> None:
        self.now = 1_000_000
        self.asked: list[Event] = []
        self.heartbeats: dict[int, tuple[str | None, int]] = {}
        attributes = {
            "childPolicy": "TERMINATE",
            "executionStartToCloseTimeout": timeout,
            "parentInitiatedEventId": 0,
            "taskList": {"name": "deciders"},
            "taskStartToCloseTimeout": task_timeout,
            "workflowType": {"name": "Process", "version": "1"},
            **role,
        }
        names = ("videos", "video", "22run")
        self.execution, self.history = Execution.start(*names, attributes, self.now)

    def happened(self, events: list[Event]) -> None:
        assert events
        assert events[0].timestamp > self.history[-1].timestamp
        self.history += events
        self.asked += [event for event in events if event.type in ASKS]

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now += round(seconds * 1000)
        events = self.execution.expire(self.now)
        if events:
            self.happened(events)
        due = self.execution.next_deadline()
        assert due is None or due > self.now

    @precondition(lambda self: self.execution.ready_decision is not None)
    @rule()
    def a_decider_polls(self) -> None:
        self.happened(self.execution.start_decision(self.now, "decider"))

    @precondition(lambda self: self.execution.started_decision is not None)
    @rule(
        made=st.lists(MADE, max_size=4),
        close=st.none() | CLOSE,
        override=st.none() | st.builds(TaskListOverride, st.just("mine"), st.none() | SECONDS),
        context=st.none() | st.text(max_size=3),
    )
    def a_decider_answers(
        self,
        made: list[dict[str, Any]],
        close: dict[str, Any] | None,
        override: TaskListOverride | None,
        context: str | None,
    ) -> None:
        answer = made if close is None else [*made, close]
        decisions.check(answer)
        decided = Decided(answer, context, override)
        handle = decisions.handler(SURROUNDINGS)
        self.happened(self.execution.complete_decision(decided, handle, self.now))

    def an_activity(self, data: st.DataObject, *, started: bool) -> Any:
        activities = self.execution.activities.values()
        return data.draw(
            st.sampled_from([task for task in activities if bool(task.started_id) == started])
        )

    @precondition(lambda self: any(not a.started_id for a in self.execution.activities.values()))
    @rule(data=st.data())
    def a_worker_polls(self, data: st.DataObject) -> None:
        activity = self.an_activity(data, started=False)
        self.happened(self.execution.start_activity(activity.scheduled_id, self.now, None))

    @precondition(lambda self: any(a.started_id for a in self.execution.activities.values()))
    @rule(data=st.data(), details=st.none() | st.text(max_size=3))
    def a_worker_heartbeats(self, data: st.DataObject, details: str | None) -> None:
        activity = self.an_activity(data, started=True)
        self.execution.heartbeat(activity, details, self.now)
        self.heartbeats[activity.scheduled_id] = (details, self.now)

    @precondition(lambda self: any(a.started_id for a in self.execution.activities.values()))
    @rule(
        data=st.data(),
        event_type=st.sampled_from(
            ["ActivityTaskCanceled", "ActivityTaskCompleted", "ActivityTaskFailed"]
        ),
    )
    def a_worker_answers(self, data: st.DataObject, event_type: str) -> None:
        activity = self.an_activity(data, started=True)
        self.happened(self.execution.end_activity(activity, event_type, {}, self.now))

    @precondition(lambda self: self.execution.lambdas)
    @rule(data=st.data(), ending=st.sampled_from(["Completed", "Failed"]))
    def a_lambda_goes_on(self, data: st.DataObject, ending: str) -> None:
        task = data.draw(st.sampled_from(list(self.execution.lambdas.values())))
        if task.started_id:
            events = self.execution.end_lambda(task, f"LambdaFunction{ending}", {}, self.now)
        else:
            events = self.execution.start_lambda(task.scheduled_id, self.now)
        self.happened(events)

    @precondition(lambda self: not self.execution.closed and self.asked)
    @rule(failed=st.booleans())
    def another_execution_is_reached(self, *, failed: bool) -> None:
        asked = self.asked.pop(0)
        attributes: dict[str, Any] = {"initiatedEventId": asked.id}
        if failed:
            attributes["cause"] = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            for name in ("decisionTaskCompletedEventId", "workflowId"):
                attributes[name] = asked.attributes[name]
        else:
            attributes["workflowExecution"] = {"workflowId": "other", "runId": "22other"}
        self.happened(self.execution.hear(ASKS[asked.type][failed], attributes, self.now))

    @precondition(lambda self: not self.execution.closed)
    @rule()
    def a_signal_comes(self) -> None:
        self.happened(self.execution.signal("hurry", None, self.now))

    @precondition(lambda self: not self.execution.closed and self.execution.children)
    @rule(data=st.data(), ending=CHILD_ENDINGS)
    def a_child_goes_on(self, data: st.DataObject, ending: str) -> None:
        children = self.execution.children
        initiated_id = data.draw(st.sampled_from(sorted(children)))
        child = children[initiated_id]
        attributes = {
            "initiatedEventId": initiated_id,
            "workflowExecution": {"workflowId": "child", "runId": "22child"},
            "workflowType": {"name": "Resize", "version": "1"},
        }
        told = "ChildWorkflowExecutionStarted"
        if child.started_id:
            told = f"ChildWorkflowExecution{ending}"
            attributes["startedEventId"] = child.started_id
            if ending == "TimedOut":
                attributes["timeoutType"] = "START_TO_CLOSE"
        self.happened(self.execution.hear(told, attributes, self.now))

    @precondition(lambda self: not self.execution.closed)
    @rule()
    def somebody_asks_to_cancel(self) -> None:
        self.happened(self.execution.request_cancel(self.now))

    @precondition(lambda self: not self.execution.closed and len(self.history) > 20)
    @rule()
    def somebody_terminates_it(self) -> None:
        self.happened(self.execution.terminate("enough", None, None, self.now))

    @invariant()
    def ids_and_times_are_in_order(self) -> None:
        assert [event.id for event in self.history] == list(range(1, len(self.history) + 1))
        times = [event.timestamp for event in self.history]
        assert times == sorted(times)

    @invariant()
    def decision_tasks_are_single(self) -> None:
        types = [event.type for event in self.history]
        timed_out = [e for e in self.history if e.type == "DecisionTaskTimedOut"]
        unstarted = sum(1 for event in timed_out if not event.attributes["startedEventId"])
        started = types.count("DecisionTaskStarted")
        waiting = types.count("DecisionTaskScheduled") - started - unstarted
        running = started - types.count("DecisionTaskCompleted") - (len(timed_out) - unstarted)
        assert waiting in {0, 1}
        assert running in {0, 1}
        if not self.execution.closed:
            assert waiting == (self.execution.scheduled_decision is not None)
            assert running == (self.execution.started_decision is not None)

    @invariant()
    def it_goes_on_or_is_closed(self) -> None:
        execution = self.execution
        closing = [i for i, e in enumerate(self.history) if e.type.startswith("WorkflowExecution")]
        if execution.closed:
            assert closing[-1] == len(self.history) - 1
            assert execution.next_deadline() is None
            assert not execution.activities
            assert not execution.timers
            assert not execution.lambdas
            assert not execution.has_decision
        else:
            assert execution.next_deadline() is not None

    @invariant()
    def what_is_open_is_what_was_opened_and_not_closed(self) -> None:
        execution = self.execution
        known = {
            "ActivityTaskScheduled": execution.activities,
            "LambdaFunctionScheduled": execution.lambdas,
            "TimerStarted": execution.timers,
            "StartChildWorkflowExecutionInitiated": execution.children,
        }
        for opened_by, kept in known.items():
            found = left_open(self.history, opened_by)
            if not execution.closed:
                assert list(kept) == list(found)

    @invariant()
    def state_is_what_the_history_says(self) -> None:
        again = Execution("videos", "video", "22run")
        for event in self.history:
            again.apply(Event.from_json(event.to_json()))
        for scheduled_id, (details, when) in self.heartbeats.items():
            if scheduled_id in again.activities:
                again.heartbeat(again.activities[scheduled_id], details, when)
        assert facts(again) == facts(self.execution)

    def teardown(self) -> None:
        shape = structure("HistoryEvent")
        for event in self.history:
            report = ParamValidator().validate(json.loads(event.to_json()), shape)
            assert not report.has_errors(), report.generate_report()


TestAnyExecution = AnyExecution.TestCase
TestAnyExecution.settings = settings(max_examples=100, stateful_step_count=40)
