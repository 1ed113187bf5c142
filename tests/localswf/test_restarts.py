"""Restarts at any moment cannot be told from none."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.swf_json import decision
from localswf import Client, Service, VirtualClock

UNKNOWN = "UnknownResourceFault"
SECONDS = st.integers(5, 60).map(str)
OVERRIDES = st.sampled_from(
    [{}, {"taskList": {"name": "b"}}]
    + [{"taskList": {"name": "b"}, "taskListScheduleToStartTimeout": wait} for wait in ("0", "9")]
)
# Nothing of a child comes due: what is due at one time has no order between executions.
UNHURRIED = {
    "taskList": {"name": "children"},
    "executionStartToCloseTimeout": "31536000",
    "taskStartToCloseTimeout": "NONE",
    "childPolicy": "ABANDON",
}
LISTS = st.sampled_from(["a", "b"])


DECISIONS = st.one_of(
    st.builds(
        lambda activity_id, heartbeat, wait: decision(
            "ScheduleActivityTask",
            activityId=activity_id,
            activityType={"name": "Resize", "version": "1"},
            heartbeatTimeout=heartbeat,
            scheduleToStartTimeout=wait,
        ),
        st.sampled_from("xyz"),
        SECONDS,
        SECONDS,
    ),
    st.builds(
        lambda timer_id, wait: decision("StartTimer", timerId=timer_id, startToFireTimeout=wait),
        st.sampled_from("xyz"),
        SECONDS,
    ),
    st.builds(
        lambda activity_id: decision("RequestCancelActivityTask", activityId=activity_id),
        st.sampled_from("xyz"),
    ),
    st.builds(
        lambda workflow_id: decision(
            "SignalExternalWorkflowExecution", workflowId=workflow_id, signalName="s"
        ),
        st.sampled_from(["video", "nobody"]),
    ),
    st.builds(
        lambda workflow_id: decision(
            "RequestCancelExternalWorkflowExecution", workflowId=workflow_id
        ),
        st.sampled_from(["video", "nobody"]),
    ),
    st.builds(lambda name: decision("RecordMarker", markerName=name), st.sampled_from("mn")),
    st.builds(
        lambda lambda_id, name: decision("ScheduleLambdaFunction", id=lambda_id, name=name),
        st.sampled_from("xyz"),
        st.sampled_from(["shout", "fail", "nobody"]),
    ),
    st.just(
        decision(
            "StartChildWorkflowExecution",
            workflowId="child",
            workflowType={"name": "Process", "version": "1"},
            **UNHURRIED,
        )
    ),
    st.just(decision("SignalExternalWorkflowExecution", workflowId="child", signalName="s")),
    st.just(decision("RequestCancelExternalWorkflowExecution", workflowId="child")),
)
CHILD_DECISIONS = st.sampled_from(
    [
        [],
        [decision("SignalExternalWorkflowExecution", workflowId="video", signalName="s")],
        [decision("CancelWorkflowExecution", details="stopped")],
        [decision("CompleteWorkflowExecution", result="done")],
        [decision("FailWorkflowExecution", reason="broken")],
        [decision("ContinueAsNewWorkflowExecution", **UNHURRIED)],
    ]
)
ANSWERS = st.sampled_from(
    [
        "respond_activity_task_canceled",
        "respond_activity_task_completed",
        "respond_activity_task_failed",
        "record_activity_task_heartbeat",
    ]
)
LATE = st.sampled_from([0, 0, 0, 1, 2])
CLOSES = st.sampled_from(
    [
        *[[]] * 8,
        [decision("CancelWorkflowExecution", details="stopped")],
        [decision("CompleteWorkflowExecution", result="done")],
        [decision("ContinueAsNewWorkflowExecution", input="on")],
    ]
)


def without_run_ids(value: Any) -> Any:
    """Each service makes its own."""
    if isinstance(value, dict):
        return {
            name: "22" if name.lower().endswith("runid") else without_run_ids(member)
            for name, member in value.items()
        }
    return [without_run_ids(one) for one in value] if isinstance(value, list) else value


def shout(text: str) -> str:
    return f"{text}!"


def fail(_: str) -> None:
    raise ValueError("broken")


class Twin:
    """One of two services that live through the same."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.clock = VirtualClock()
        self.client: Any = Client(self.service())
        self.runs: dict[str, list[str]] = {"video": [], "child": []}
        self.tokens: dict[str, list[str]] = {
            "poll_for_decision_task": [],
            "poll_for_activity_task": [],
            "children": [],
        }

    def restart(self) -> None:
        if self.path is not None:
            self.client.close()
            self.client = Client(self.service())

    def service(self) -> Service:
        return Service(self.path, self.clock, lambdas={"shout": shout, "fail": fail})

    def call(self, method: str, **request: Any) -> Any:
        """What came of a call, without what differs from service to service."""
        try:
            answer = getattr(self.client, method)(**request)
        except ClientError as error:
            return error.response["Error"]["Code"]
        if "runId" in answer:
            self.runs["video"].append(answer["runId"])
        if answer.get("taskToken"):
            of_child = request["taskList"]["name"] == "children"
            self.tokens["children" if of_child else method].append(answer["taskToken"])
        left_out = {"ResponseMetadata", "runId", "taskToken", "workflowExecution"}
        told = {name: value for name, value in answer.items() if name not in left_out}
        return without_run_ids(told)

    def has_task(self, kind: str, task_list: str) -> bool:
        """Whether a poll would be given a task at once."""
        lists = getattr(self.client._service._dispatcher, kind)
        waiting = lists._lists.get(("videos", task_list))
        return waiting is not None and bool(waiting.tasks)

    def told(self) -> list[Any]:
        """All that can be read of the last executions, and how many tasks wait."""
        pending = ("count_pending_activity_tasks", "count_pending_decision_tasks")
        answers = [
            self.call(method, domain="videos", taskList={"name": name})
            for method in pending
            for name in ("a", "b", "children")
        ]
        for workflow_id, run_ids in self.runs.items():
            for run_id in run_ids[-2:]:
                names = {
                    "domain": "videos",
                    "execution": {"workflowId": workflow_id, "runId": run_id},
                }
                self.find_runs(names)
                described = self.call("describe_workflow_execution", **names)
                del described["executionInfo"]["execution"]
                answers += [described, self.call("get_workflow_execution_history", **names)]
        return answers

    def find_runs(self, names: dict[str, Any]) -> None:
        """Learn of the executions that one was followed by or has started."""
        for event in self.client.get_workflow_execution_history(**names)["events"]:
            continued = event.get("workflowExecutionContinuedAsNewEventAttributes", {})
            started = event.get("childWorkflowExecutionStartedEventAttributes", {})
            child_run = started.get("workflowExecution", {}).get("runId")
            for workflow_id, run_id in (
                (names["execution"]["workflowId"], continued.get("newExecutionRunId")),
                ("child", child_run),
            ):
                if run_id is not None and run_id not in self.runs[workflow_id]:
                    self.runs[workflow_id].append(run_id)


class AnyRestart(RuleBasedStateMachine):
    """Two services hear the same calls at the same time; one is closed and opened at random.

    - Their answers are the same, refusals too.
    - All they tell of executions is the same: histories, descriptions, runs continued, children.
    - So are the tasks they have to give, whichever list they are in.
    - A token given before a restart is as good after it, and one that is over stays over.
    - What comes due comes due at the same time, also while the service is closed.

    There is one execution at a time with deadlines of its own, and a child without: the order
    between those of several is not kept, as SWF promises none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = contextlib.ExitStack()
        folder = Path(self.held.enter_context(tempfile.TemporaryDirectory()))
        self.twins = [Twin(None), Twin(folder / "swf.db")]
        self.call("register_domain", name="videos", workflowExecutionRetentionPeriodInDays="1")
        self.call(
            "register_workflow_type",
            domain="videos",
            name="Process",
            version="1",
            defaultTaskList={"name": "a"},
            defaultTaskStartToCloseTimeout="20",
            defaultExecutionStartToCloseTimeout="300",
            defaultChildPolicy="TERMINATE",
        )
        self.call(
            "register_activity_type",
            domain="videos",
            name="Resize",
            version="1",
            defaultTaskList={"name": "a"},
            defaultTaskStartToCloseTimeout="20",
            defaultTaskScheduleToCloseTimeout="NONE",
        )

    def call(self, method: str, **request: Any) -> Any:
        without, with_restarts = (twin.call(method, **request) for twin in self.twins)
        assert with_restarts == without
        return without

    @rule()
    def restart(self) -> None:
        for twin in self.twins:
            twin.restart()

    @initialize()
    def start(self) -> None:
        self.signal()

    @rule()
    def signal(self) -> None:
        """Signal the execution, and start one if none is open."""
        names = {"domain": "videos", "workflowId": "video"}
        if self.call("signal_workflow_execution", **names, signalName="s") == UNKNOWN:
            kind = {"name": "Process", "version": "1"}
            self.call("start_workflow_execution", **names, workflowType=kind)

    @rule()
    def request_cancel(self) -> None:
        self.call("request_cancel_workflow_execution", domain="videos", workflowId="video")

    @rule(
        task_list=LISTS,
        delta=st.booleans(),
        made=st.lists(DECISIONS, min_size=1, max_size=4),
        close=CLOSES,
        override=OVERRIDES,
        restarts=st.booleans(),
        which=LATE,
    )
    def decide(
        self,
        task_list: str,
        made: list[Any],
        close: list[Any],
        override: dict[str, Any],
        which: int,
        *,
        delta: bool,
        restarts: bool,
    ) -> None:
        self.poll_decision(task_list, delta=delta)
        if restarts:
            self.restart()
        request = {"decisions": made + close, **override}
        polls = "poll_for_decision_task"
        self.respond(polls, which, "respond_decision_task_completed", **request)

    def poll_decision(self, task_list: str, *, delta: bool = False) -> None:
        if self.twins[0].has_task("decisions", task_list):
            self.call(
                "poll_for_decision_task",
                domain="videos",
                taskList={"name": task_list},
                startAtPreviousStartedEvent=delta,
            )

    @rule(made=CHILD_DECISIONS, restarts=st.booleans(), which=LATE)
    def decide_for_the_child(self, made: list[Any], which: int, *, restarts: bool) -> None:
        self.poll_decision("children")
        if restarts:
            self.restart()
        self.respond("children", which, "respond_decision_task_completed", decisions=made)

    @rule(method=ANSWERS, restarts=st.booleans(), which=LATE)
    def work(self, method: str, which: int, *, restarts: bool) -> None:
        if self.twins[0].has_task("activities", "a"):
            self.call("poll_for_activity_task", domain="videos", taskList={"name": "a"})
        if restarts:
            self.restart()
        request = {} if method == "respond_activity_task_completed" else {"details": "d"}
        self.respond("poll_for_activity_task", which, method, **request)

    def respond(self, polls: str, which: int, method: str, **request: Any) -> None:
        """Answer one of the latest tasks, be it open or over."""
        if len(self.twins[0].tokens[polls]) > which:
            without, with_restarts = (
                twin.call(method, taskToken=twin.tokens[polls][-1 - which], **request)
                for twin in self.twins
            )
            assert with_restarts == without

    @rule(seconds=st.integers(0, 30))
    def wait(self, seconds: int) -> None:
        for twin in self.twins:
            twin.clock.advance(seconds)

    @invariant()
    def they_tell_the_same(self) -> None:
        without, with_restarts = (twin.told() for twin in self.twins)
        assert with_restarts == without

    def teardown(self) -> None:
        for twin in self.twins:
            twin.client.close()
        self.held.close()


TestAnyRestart = pytest.mark.slow(AnyRestart.TestCase)
TestAnyRestart.settings = settings(max_examples=30, stateful_step_count=40)
