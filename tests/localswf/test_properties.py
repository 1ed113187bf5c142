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

from localswf import decisions
from localswf.deciding import Surroundings
from localswf.events import Event
from localswf.execution import Decided, Execution
from localswf.model import structure
from localswf.state import TaskListOverride

IDS = st.sampled_from(["a", "b", "c"])
SECONDS = st.integers(0, 30).map(str)
TIMEOUTS = st.just("NONE") | SECONDS
DEFAULTS = {"defaultTaskList": {"name": "workers"}, "defaultTaskHeartbeatTimeout": "NONE"}

SCHEDULE = st.fixed_dictionaries(
    {
        "activityId": IDS,
        "activityType": st.sampled_from(
            [{"name": "Resize", "version": "1"}, {"name": "Unknown", "version": "1"}]
        ),
        "scheduleToStartTimeout": TIMEOUTS,
        "scheduleToCloseTimeout": TIMEOUTS,
        "startToCloseTimeout": TIMEOUTS,
    },
    optional={"heartbeatTimeout": TIMEOUTS, "input": st.text(max_size=3)},
).map(
    lambda attributes: {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    }
)
START_TIMER = st.fixed_dictionaries({"timerId": IDS, "startToFireTimeout": SECONDS}).map(
    lambda attributes: {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}
)
CANCEL_TIMER = IDS.map(
    lambda timer_id: {
        "decisionType": "CancelTimer",
        "cancelTimerDecisionAttributes": {"timerId": timer_id},
    }
)
CANCEL_ACTIVITY = IDS.map(
    lambda activity_id: {
        "decisionType": "RequestCancelActivityTask",
        "requestCancelActivityTaskDecisionAttributes": {"activityId": activity_id},
    }
)
REACH_OUT = st.sampled_from(
    [
        {
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": {
                "workflowId": "child",
                "workflowType": {"name": name, "version": "1"},
                "childPolicy": "ABANDON",
                "executionStartToCloseTimeout": "60",
                "taskStartToCloseTimeout": "60",
            },
        }
        for name in ("Resize", "Unknown")
    ]
)
CLOSE = st.sampled_from(
    [
        {"decisionType": "CancelWorkflowExecution"},
        {"decisionType": "CompleteWorkflowExecution"},
        {"decisionType": "FailWorkflowExecution"},
        {
            "decisionType": "ContinueAsNewWorkflowExecution",
            "continueAsNewWorkflowExecutionDecisionAttributes": {
                "childPolicy": "ABANDON",
                "executionStartToCloseTimeout": "60",
                "taskStartToCloseTimeout": "60",
            },
        },
    ]
)


def activity_defaults(name: str, _version: str) -> dict[str, Any] | str:
    return DEFAULTS if name == "Resize" else "ACTIVITY_TYPE_DOES_NOT_EXIST"


SURROUNDINGS = Surroundings(activity_defaults, activity_defaults, lambda: "22next")


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
    - the state is what the history says: read back from JSON it is the same.
    """

    @initialize(timeout=st.sampled_from(["60", "31536000"]), task_timeout=TIMEOUTS)
    def start(self, timeout: str, task_timeout: str) -> None:
        self.now = 1_000_000
        self.heartbeats: dict[int, tuple[str | None, int]] = {}
        attributes = {
            "childPolicy": "TERMINATE",
            "executionStartToCloseTimeout": timeout,
            "parentInitiatedEventId": 0,
            "taskList": {"name": "deciders"},
            "taskStartToCloseTimeout": task_timeout,
            "workflowType": {"name": "Process", "version": "1"},
        }
        names = ("videos", "video", "22run")
        self.execution, self.history = Execution.start(*names, attributes, self.now)

    def happened(self, events: list[Event]) -> None:
        assert events
        assert events[0].timestamp > self.history[-1].timestamp
        self.history += events

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
        made=st.lists(
            SCHEDULE | START_TIMER | CANCEL_TIMER | CANCEL_ACTIVITY | REACH_OUT, max_size=4
        ),
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

    @precondition(lambda self: not self.execution.closed)
    @rule()
    def a_signal_comes(self) -> None:
        self.happened(self.execution.signal("hurry", None, self.now))

    @precondition(lambda self: not self.execution.closed and self.execution.children)
    @rule(data=st.data(), ending=st.sampled_from(["Completed", "Failed", "Terminated"]))
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
            assert not execution.has_decision
        else:
            assert execution.next_deadline() is not None

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
