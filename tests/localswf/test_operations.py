"""Registering, describing, starting, ending; and how each is refused."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from localswf import Service
from localswf.errors import SwfError

WORKFLOW = {"name": "Process", "version": "1"}


def test_domains(client: Any) -> None:
    client.register_domain(
        name="videos", workflowExecutionRetentionPeriodInDays="NONE", description="Home videos"
    )
    described = client.describe_domain(name="videos")
    assert described["domainInfo"] == {
        "arn": "arn:aws:swf:us-east-1:123456789012:/domain/videos",
        "description": "Home videos",
        "name": "videos",
        "status": "REGISTERED",
    }
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "NONE"}


def test_domains_are_listed_by_name_in_pages(client: Any) -> None:
    for name in ("b", "c", "a"):
        client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")

    first = client.list_domains(registrationStatus="REGISTERED", maximumPageSize=2)
    rest = client.list_domains(
        registrationStatus="REGISTERED", maximumPageSize=2, nextPageToken=first["nextPageToken"]
    )

    names = [[info["name"] for info in page["domainInfos"]] for page in (first, rest)]
    assert names == [["a", "b"], ["c"]]
    assert "nextPageToken" not in rest
    assert client.list_domains(registrationStatus="DEPRECATED")["domainInfos"] == []


def test_types(swf: Any, clock: Any) -> None:
    swf.client.register_activity_type(
        domain="videos",
        name="Upload",
        version="1.0",
        description="",
        defaultTaskHeartbeatTimeout="300",
    )
    described = swf.client.describe_activity_type(
        domain="videos", activityType={"name": "Upload", "version": "1.0"}
    )
    assert described["typeInfo"] == {
        "activityType": {"name": "Upload", "version": "1.0"},
        "creationDate": datetime.fromtimestamp(clock.now() / 1000, tz=UTC),
        "description": "",
        "status": "REGISTERED",
    }
    assert described["configuration"] == {"defaultTaskHeartbeatTimeout": "300"}
    workflow = swf.client.describe_workflow_type(domain="videos", workflowType=WORKFLOW)
    assert workflow["typeInfo"]["workflowType"] == WORKFLOW
    assert workflow["configuration"]["defaultTaskList"] == {"name": "deciders"}


@pytest.mark.parametrize(
    ("method", "parameters", "refusal"),
    [
        (
            "describe_domain",
            {"name": "nowhere"},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "register_domain",
            {"name": "videos", "workflowExecutionRetentionPeriodInDays": "1"},
            ("DomainAlreadyExistsFault", "videos"),
        ),
        (
            "register_workflow_type",
            {"domain": "nowhere", **WORKFLOW},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "register_workflow_type",
            {"domain": "videos", **WORKFLOW},
            ("TypeAlreadyExistsFault", "WorkflowType=[name=Process, version=1]"),
        ),
        (
            "register_activity_type",
            {"domain": "videos", "name": "Resize", "version": "1"},
            ("TypeAlreadyExistsFault", "ActivityType=[name=Resize, version=1]"),
        ),
        (
            "describe_workflow_type",
            {"domain": "videos", "workflowType": {"name": "Process", "version": "2"}},
            ("UnknownResourceFault", "Unknown type: WorkflowType=[name=Process, version=2]"),
        ),
        (
            "describe_activity_type",
            {"domain": "videos", "activityType": WORKFLOW},
            ("UnknownResourceFault", "Unknown type: ActivityType=[name=Process, version=1]"),
        ),
        (
            "start_workflow_execution",
            {"domain": "videos", "workflowId": "w", "workflowType": {"name": "P", "version": "1"}},
            ("UnknownResourceFault", "Unknown type: WorkflowType=[name=P, version=1]"),
        ),
        (
            "register_activity_type",
            {"domain": "nowhere", **WORKFLOW},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "list_closed_workflow_executions",
            {"domain": "nowhere", "startTimeFilter": {"oldestDate": 0}},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "poll_for_activity_task",
            {"domain": "nowhere", "taskList": {"name": "workers"}},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "describe_domain",
            {"name": 5},
            ("SerializationException", "NUMBER_VALUE can not be converted to String"),
        ),
        (
            "poll_for_decision_task",
            {"domain": "nowhere", "taskList": {"name": "deciders"}},
            ("UnknownResourceFault", "Unknown domain: nowhere"),
        ),
        (
            "signal_workflow_execution",
            {"domain": "videos", "workflowId": "gone", "signalName": "s"},
            ("UnknownResourceFault", "Unknown execution, workflowId = gone"),
        ),
        (
            "terminate_workflow_execution",
            {"domain": "videos", "workflowId": "gone", "runId": "r"},
            (
                "UnknownResourceFault",
                "Unknown execution: WorkflowExecution=[workflowId=gone, runId=r]",
            ),
        ),
        (
            "describe_workflow_execution",
            {"domain": "videos", "execution": {"workflowId": "gone", "runId": "\ud800"}},
            (
                "UnknownResourceFault",
                "Unknown execution: WorkflowExecution=[workflowId=gone, runId=\ud800]",
            ),
        ),
    ],
)
def test_refusals(swf: Any, method: str, parameters: Any, refusal: tuple[str, str]) -> None:
    assert swf.refusal(method, **parameters) == refusal


def test_a_workflow_id_is_taken_while_its_execution_is_open(swf: Any) -> None:
    swf.start()
    start = {"domain": "videos", "workflowId": "video", "workflowType": WORKFLOW}
    assert swf.refusal("start_workflow_execution", **start) == (
        "WorkflowExecutionAlreadyStartedFault",
        "Already Started",
    )

    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    first = swf.runs["video"]
    swf.start()

    assert swf.runs["video"] != first
    assert len(swf.runs["video"]) == 46


@pytest.mark.parametrize("named", ["by workflowId", "in full"])
@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("signal_workflow_execution", {"signalName": "late"}),
        ("request_cancel_workflow_execution", {}),
        ("terminate_workflow_execution", {}),
    ],
)
def test_nothing_reaches_a_closed_execution(
    swf: Any, method: str, parameters: dict[str, str], named: str
) -> None:
    swf.start()
    swf.decide(swf.complete())
    reference = swf.execution() if named == "in full" else {"workflowId": "video"}
    code, message = swf.refusal(method, domain="videos", **reference, **parameters)

    assert code == "UnknownResourceFault"
    if named == "in full":
        run_id = swf.runs["video"]
        assert message == f"Unknown execution: WorkflowExecution=[workflowId=video, runId={run_id}]"
    else:
        assert message == "Unknown execution, workflowId = video"
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


def test_a_run_id_has_to_be_that_of_the_open_run(swf: Any) -> None:
    swf.start()
    swf.decide(swf.complete())
    closed = swf.execution()
    swf.start()
    for reference, expected in ((closed, "UnknownResourceFault"), (swf.execution(), None)):
        signal = {"domain": "videos", "signalName": "s", **reference}
        if expected:
            assert swf.refusal("signal_workflow_execution", **signal)[0] == expected
        else:
            swf.client.signal_workflow_execution(**signal)
    assert swf.types()[-1] == "WorkflowExecutionSignaled"


def test_defaults_are_missed_in_the_order_of_swf(swf: Any) -> None:
    swf.client.register_workflow_type(domain="videos", name="Bare", version="1")
    given: dict[str, Any] = {}
    missed = []
    for parameter, value in (
        ("executionStartToCloseTimeout", "60"),
        ("taskList", {"name": "deciders"}),
        ("taskStartToCloseTimeout", "NONE"),
        ("childPolicy", "ABANDON"),
    ):
        start = {
            "domain": "videos",
            "workflowId": "w",
            "workflowType": {"name": "Bare", "version": "1"},
        }
        missed.append(swf.refusal("start_workflow_execution", **start, **given))
        given[parameter] = value

    assert missed == [("DefaultUndefinedFault", parameter) for parameter in given]
    swf.client.start_workflow_execution(**start, **given)


@pytest.mark.parametrize("method", ["start_workflow_execution", "register_workflow_type"])
def test_no_execution_lasts_for_ever(swf: Any, method: str) -> None:
    if method == "start_workflow_execution":
        parameter = "executionStartToCloseTimeout"
        request = {"workflowId": "w", "workflowType": WORKFLOW, parameter: "NONE"}
    else:
        parameter = "defaultExecutionStartToCloseTimeout"
        request = {"name": "Endless", "version": "1", parameter: "NONE"}
    code, message = swf.refusal(method, domain="videos", **request)
    assert code == "ValidationException"
    assert message.startswith(f"1 validation error detected: Value 'NONE' at '{parameter}'")


def test_terminating(swf: Any) -> None:
    swf.start()
    swf.poll_decision()

    swf.client.terminate_workflow_execution(
        domain="videos", workflowId="video", reason="wrong file", details="", childPolicy="ABANDON"
    )

    assert swf.types()[-1] == "WorkflowExecutionTerminated"
    assert swf.last("WorkflowExecutionTerminated") == {
        "cause": "OPERATOR_INITIATED",
        "childPolicy": "ABANDON",
        "details": "",
        "reason": "wrong file",
    }


def test_an_open_execution_described(swf: Any, clock: Any) -> None:
    swf.start(tagList=["a"], taskPriority="3")
    began = datetime.fromtimestamp(clock.now() / 1000, tz=UTC)
    swf.decide(swf.schedule("a"), swf.schedule("b"), swf.start_timer("t", 60))
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")

    described = swf.describe()

    assert described["executionInfo"] == {
        "cancelRequested": False,
        "execution": swf.execution(),
        "executionStatus": "OPEN",
        "startTimestamp": began,
        "tagList": ["a"],
        "workflowType": WORKFLOW,
    }
    assert described["executionConfiguration"] == {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "3600",
        "taskList": {"name": "deciders"},
        "taskPriority": "3",
        "taskStartToCloseTimeout": "60",
    }
    assert described["openCounts"] == {
        "openActivityTasks": 2,
        "openChildWorkflowExecutions": 0,
        "openDecisionTasks": 1,
        "openLambdaFunctions": 0,
        "openTimers": 1,
    }
    assert described["latestActivityTaskTimestamp"] == swf.history()[4]["eventTimestamp"]


def test_a_closed_execution_can_still_be_read(swf: Any) -> None:
    swf.start()
    swf.decide(swf.complete(result="done"))
    closed = swf.execution()
    swf.start()

    described = swf.client.describe_workflow_execution(domain="videos", execution=closed)
    events = swf.client.get_workflow_execution_history(domain="videos", execution=closed)["events"]

    assert described["executionInfo"]["executionStatus"] == "CLOSED"
    assert described["executionInfo"]["closeTimestamp"] == events[-1]["eventTimestamp"]
    assert [event["eventId"] for event in events] == [1, 2, 3, 4, 5]


def test_an_operation_that_swf_does_not_have() -> None:
    async def ask() -> BaseException | None:
        service = Service()
        answer = service.call("StartWorkflow", {})
        await asyncio.wait([answer])
        await service.close()
        return answer.exception()

    error = asyncio.run(ask())
    assert isinstance(error, SwfError)
    assert error.body() == {"__type": "com.amazon.coral.service#UnknownOperationException"}
