"""A service in process under a virtual clock, and boto3 on a service over HTTP."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import settings

from localswf import Client, Service, VirtualClock

# The machine may be busy, and a failure is worth more when it comes again.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

WORKFLOW_DEFAULTS = {
    "defaultTaskList": {"name": "deciders"},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}
ACTIVITY_DEFAULTS = {
    "defaultTaskList": {"name": "workers"},
    "defaultTaskScheduleToStartTimeout": "NONE",
    "defaultTaskScheduleToCloseTimeout": "NONE",
    "defaultTaskStartToCloseTimeout": "NONE",
    "defaultTaskHeartbeatTimeout": "NONE",
}


class Decisions:
    """Decisions as the wire has them."""

    @staticmethod
    def schedule(activity_id: str, **attributes: Any) -> dict[str, Any]:
        activity_type = {"name": "Resize", "version": "1"}
        chosen = {"activityType": activity_type, "activityId": activity_id, **attributes}
        return {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": chosen,
        }

    @staticmethod
    def start_timer(timer_id: str, seconds: int) -> dict[str, Any]:
        chosen = {"timerId": timer_id, "startToFireTimeout": str(seconds)}
        return {"decisionType": "StartTimer", "startTimerDecisionAttributes": chosen}

    @staticmethod
    def cancel_timer(timer_id: str) -> dict[str, Any]:
        return {
            "decisionType": "CancelTimer",
            "cancelTimerDecisionAttributes": {"timerId": timer_id},
        }

    @staticmethod
    def marker(name: str, **attributes: Any) -> dict[str, Any]:
        chosen = {"markerName": name, **attributes}
        return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": chosen}

    @staticmethod
    def decision(kind: str, **attributes: Any) -> dict[str, Any]:
        """A decision of any type."""
        member = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
        return {"decisionType": kind, member: attributes}

    @staticmethod
    def complete(**attributes: Any) -> dict[str, Any]:
        return {
            "decisionType": "CompleteWorkflowExecution",
            "completeWorkflowExecutionDecisionAttributes": attributes,
        }

    @staticmethod
    def fail(**attributes: Any) -> dict[str, Any]:
        return {
            "decisionType": "FailWorkflowExecution",
            "failWorkflowExecutionDecisionAttributes": attributes,
        }

    @classmethod
    def cancel(cls, **attributes: Any) -> dict[str, Any]:
        return cls.decision("CancelWorkflowExecution", **attributes)

    @classmethod
    def cancel_activity(cls, activity_id: str) -> dict[str, Any]:
        return cls.decision("RequestCancelActivityTask", activityId=activity_id)


class Swf(Decisions):
    """A client with a domain, a workflow type and an activity type, and the steps of tests.

    The same for boto3 over HTTP and for the client in process.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.runs: dict[str, str] = {}
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(
            domain="videos", name="Process", version="1", **WORKFLOW_DEFAULTS
        )
        client.register_activity_type(
            domain="videos", name="Resize", version="1", **ACTIVITY_DEFAULTS
        )

    def start(self, workflow_id: str = "video", **parameters: Any) -> None:
        run = self.client.start_workflow_execution(
            domain="videos",
            workflowId=workflow_id,
            workflowType={"name": "Process", "version": "1"},
            **parameters,
        )
        self.runs[workflow_id] = run["runId"]

    def poll_decision(self, task_list: str = "deciders", **parameters: Any) -> dict[str, Any]:
        return self.client.poll_for_decision_task(
            domain="videos", taskList={"name": task_list}, **parameters
        )

    def poll_activity(self, task_list: str = "workers", **parameters: Any) -> dict[str, Any]:
        return self.client.poll_for_activity_task(
            domain="videos", taskList={"name": task_list}, **parameters
        )

    def decide(self, *decisions: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """Poll and answer one decision task; returns the task."""
        task = self.poll_decision()
        self.answer(task, *decisions, **parameters)
        return task

    def answer(self, task: dict[str, Any], *decisions: dict[str, Any], **parameters: Any) -> None:
        self.client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=list(decisions), **parameters
        )

    def history(self, workflow_id: str = "video", **parameters: Any) -> list[dict[str, Any]]:
        return self.client.get_workflow_execution_history(
            domain="videos", execution=self.execution(workflow_id), **parameters
        )["events"]

    def types(self, workflow_id: str = "video") -> list[str]:
        return [event["eventType"] for event in self.history(workflow_id)]

    def last(self, event_type: str, workflow_id: str = "video") -> dict[str, Any]:
        """The attributes of the last event of a type."""
        name = f"{event_type[0].lower()}{event_type[1:]}EventAttributes"
        return [event[name] for event in self.history(workflow_id) if name in event][-1]

    def describe(self, workflow_id: str = "video") -> dict[str, Any]:
        return self.client.describe_workflow_execution(
            domain="videos", execution=self.execution(workflow_id)
        )

    def execution(self, workflow_id: str = "video") -> dict[str, str]:
        return {"workflowId": workflow_id, "runId": self.runs[workflow_id]}

    def refusal(self, method: str, **parameters: Any) -> tuple[str, str]:
        """Code and message of the error that a call ends in."""
        with pytest.raises(self.client.exceptions.ClientError) as caught:
            getattr(self.client, method)(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def client(clock: VirtualClock) -> Iterator[Client]:
    """The service in process and in memory, with nothing registered."""
    with Client(Service(clock=clock)) as client:
        yield client


@pytest.fixture
def swf(client: Client) -> Swf:
    """The service in process, under the virtual clock."""
    return Swf(client)


@pytest.fixture
def open_swf(clock: VirtualClock) -> Iterator[Callable[..., Swf]]:
    """Opens services in process with settings of their own, under the virtual clock."""
    with contextlib.ExitStack() as opened:

        def open_one(**settings: Any) -> Swf:
            return Swf(opened.enter_context(Client(Service(**{"clock": clock, **settings}))))

        yield open_one


@pytest.fixture
def boto(swf_server: Any) -> Iterator[Callable[[], Any]]:
    """Makes boto3 clients of the service over HTTP."""
    made = []

    def make(**settings: Any) -> Any:
        client = boto3.client(
            "swf",
            endpoint_url=swf_server.endpoint_url,
            region_name="eu-west-1",
            aws_access_key_id="id",
            aws_secret_access_key="key",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=70, **settings),
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def credentials_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the access key `id`, whose secret is `key`, for servers that check signatures."""
    path = tmp_path_factory.mktemp("secrets") / "credentials"
    path.touch(mode=0o600)
    path.write_text("[default]\naws_access_key_id = id\naws_secret_access_key = key\n")
    return path


@pytest.fixture
def http_swf(boto: Callable[[], Any]) -> Swf:
    """The service over HTTP, by boto3."""
    return Swf(boto())
