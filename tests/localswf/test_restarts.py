"""Restarts at any moment cannot be told from none."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from localswf import Client, Service, VirtualClock

WORKFLOWS = st.sampled_from(["one", "two"])
SECONDS = st.integers(0, 30).map(str)
OVERRIDES = st.sampled_from(
    [{}, {"taskList": {"name": "b"}}]
    + [{"taskList": {"name": "b"}, "taskListScheduleToStartTimeout": wait} for wait in ("0", "9")]
)
LISTS = st.sampled_from(["a", "b"])


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    return {
        "decisionType": kind,
        f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes,
    }


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
    st.builds(lambda name: decision("RecordMarker", markerName=name), st.sampled_from("mn")),
)
CLOSES = st.sampled_from([[], [], [decision("CompleteWorkflowExecution", result="done")]])


class Twin:
    """One of two services that live through the same."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.clock = VirtualClock()
        self.client: Any = Client(Service(path, self.clock))
        self.runs: list[tuple[str, str]] = []
        self.tasks: list[dict[str, Any]] = []

    def restart(self) -> None:
        if self.path is not None:
            self.client.close()
            self.client = Client(Service(self.path, self.clock))

    def call(self, method: str, **request: Any) -> Any:
        """What came of a call, without what differs from service to service."""
        try:
            answer = getattr(self.client, method)(**request)
        except ClientError as error:
            return error.response["Error"]["Code"]
        if "runId" in answer:
            self.runs.append((request["workflowId"], answer["runId"]))
        if answer.get("taskToken"):
            self.tasks.append(answer)
        left_out = {"ResponseMetadata", "runId", "taskToken", "workflowExecution"}
        return {name: value for name, value in answer.items() if name not in left_out}

    def told(self) -> list[Any]:
        """All that can be read of every execution."""
        answers = []
        for workflow_id, run_id in self.runs:
            execution = {"workflowId": workflow_id, "runId": run_id}
            described = self.call(
                "describe_workflow_execution", domain="videos", execution=execution
            )
            del described["executionInfo"]["execution"]
            history = self.call(
                "get_workflow_execution_history", domain="videos", execution=execution
            )
            answers += [described, history]
        return answers


class AnyRestart(RuleBasedStateMachine):
    """Two services hear the same calls at the same time; one is closed and opened at random.

    Their answers, and all they tell of every execution, are the same.
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
            defaultExecutionStartToCloseTimeout="100",
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

    def call(self, method: str, **request: Any) -> None:
        without, with_restarts = (twin.call(method, **request) for twin in self.twins)
        assert with_restarts == without

    @rule()
    def restart(self) -> None:
        for twin in self.twins:
            twin.restart()

    @rule(workflow_id=WORKFLOWS)
    def start(self, workflow_id: str) -> None:
        kind = {"name": "Process", "version": "1"}
        self.call(
            "start_workflow_execution", domain="videos", workflowId=workflow_id, workflowType=kind
        )

    @rule(task_list=LISTS, delta=st.booleans())
    def poll_decision(self, task_list: str, *, delta: bool) -> None:
        self.call(
            "poll_for_decision_task",
            domain="videos",
            taskList={"name": task_list},
            startAtPreviousStartedEvent=delta,
        )

    @rule(task_list=LISTS)
    def poll_activity(self, task_list: str) -> None:
        self.call("poll_for_activity_task", domain="videos", taskList={"name": task_list})

    @rule(data=st.data(), made=st.lists(DECISIONS, max_size=3), close=CLOSES, override=OVERRIDES)
    def answer(
        self, data: st.DataObject, made: list[Any], close: list[Any], override: dict[str, Any]
    ) -> None:
        request = {"decisions": made + close, **override}
        self.respond(data, "respond_decision_task_completed", **request)

    @rule(
        data=st.data(),
        method=st.sampled_from(
            [
                "respond_activity_task_completed",
                "respond_activity_task_failed",
                "record_activity_task_heartbeat",
            ]
        ),
    )
    def work(self, data: st.DataObject, method: str) -> None:
        request = {} if method == "respond_activity_task_completed" else {"details": "d"}
        self.respond(data, method, **request)

    def respond(self, data: st.DataObject, method: str, **request: Any) -> None:
        """Answer one of the latest tasks, open or over, of whatever kind."""
        count = len(self.twins[0].tasks)
        if count:
            which = data.draw(st.integers(max(0, count - 3), count - 1))
            without, with_restarts = (
                twin.call(method, taskToken=twin.tasks[which]["taskToken"], **request)
                for twin in self.twins
            )
            assert with_restarts == without

    @rule(workflow_id=WORKFLOWS)
    def signal(self, workflow_id: str) -> None:
        self.call(
            "signal_workflow_execution", domain="videos", workflowId=workflow_id, signalName="s"
        )

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


TestAnyRestart = AnyRestart.TestCase
TestAnyRestart.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True
)
