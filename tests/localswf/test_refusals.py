"""Refusals on demand: what only AWS has reason to refuse."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf import Service
from localswf.errors import SwfError
from localswf.model import decision_causes, operation_faults

PROCESS = {"name": "Process", "version": "1"}
RATE = "RATE_EXCEEDED"
NOT_PERMITTED = "OPERATION_NOT_PERMITTED"
ONLY_ON_AWS = [
    (kind, cause)
    for kind, causes in decision_causes().items()
    for cause in causes
    if cause.endswith((RATE, NOT_PERMITTED))
]
RESIZE = {"activityId": "a", "activityType": {"name": "Resize", "version": "1"}}
ASKED: dict[str, dict[str, Any]] = {
    "CancelTimer": {"timerId": "t"},
    "CancelWorkflowExecution": {},
    "CompleteWorkflowExecution": {},
    "ContinueAsNewWorkflowExecution": {},
    "FailWorkflowExecution": {},
    "RecordMarker": {"markerName": "m"},
    "RequestCancelActivityTask": {"activityId": "a"},
    "RequestCancelExternalWorkflowExecution": {"workflowId": "w", "runId": "r", "control": "c"},
    "ScheduleActivityTask": RESIZE,
    "ScheduleLambdaFunction": {"id": "a", "name": "shout"},
    "SignalExternalWorkflowExecution": {"workflowId": "w", "signalName": "s"},
    "StartChildWorkflowExecution": {"workflowId": "w", "workflowType": PROCESS, "control": "c"},
    "StartTimer": {"timerId": "t", "startToFireTimeout": "1"},
}
NOT_TOLD = {"signalName", "startToFireTimeout"}
WITH_INITIATED = {
    "RequestCancelExternalWorkflowExecution",
    "SignalExternalWorkflowExecution",
    "StartChildWorkflowExecution",
}


@pytest.mark.parametrize(("kind", "cause"), ONLY_ON_AWS)
def test_a_decision_is_refused(open_swf: Callable[..., Any], kind: str, cause: str) -> None:
    swf = open_swf(refused={kind: cause}, lambdas={"shout": str})
    swf.start()
    swf.decide(swf.decision(kind, **ASKED[kind]))

    assert swf.types()[4:] == [f"{kind}Failed", "DecisionTaskScheduled"]
    told = {name: value for name, value in ASKED[kind].items() if name not in NOT_TOLD}
    expected = {**told, "cause": cause, "decisionTaskCompletedEventId": 4}
    if kind in WITH_INITIATED:
        expected["initiatedEventId"] = 0
    assert swf.last(f"{kind}Failed") == expected
    # The execution goes on, whatever was refused.
    other = "StartTimer" if kind != "StartTimer" else "RecordMarker"
    swf.decide(swf.decision(other, **ASKED[other]))
    assert swf.describe()["executionInfo"]["executionStatus"] == "OPEN"


@pytest.mark.parametrize("operation", operation_faults())
def test_an_operation_is_not_permitted(operation: str) -> None:
    error = refused_by(operation, "OperationNotPermittedFault")
    assert error.body() == {
        "__type": "com.amazonaws.swf.base.model#OperationNotPermittedFault",
        "message": f"Caller is not authorized to perform: swf:{operation}",
    }


@pytest.mark.parametrize("operation", ["ListTagsForResource", "TagResource", "UntagResource"])
def test_an_operation_is_refused_by_a_fault_it_has(operation: str) -> None:
    error = refused_by(operation, "LimitExceededFault")
    assert error.code == "LimitExceededFault"
    assert error.message == f"{operation} is refused by this server's configuration."


def test_an_operation_is_throttled() -> None:
    error = refused_by("PollForDecisionTask", "ThrottlingException")
    assert error.status == 400
    assert error.body() == {
        "__type": "com.amazon.coral.availability#ThrottlingException",
        "message": "Rate exceeded",
    }


def test_boto3_meets_a_refusal_as_its_exception(open_swf: Callable[..., Any]) -> None:
    swf = open_swf(refused={"SignalWorkflowExecution": "OperationNotPermittedFault"})
    swf.start()
    signal = {"domain": "videos", "workflowId": "video", "signalName": "s"}
    with pytest.raises(swf.client.exceptions.OperationNotPermittedFault):
        swf.client.signal_workflow_execution(**signal)
    swf.decide(swf.complete())
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


@pytest.fixture
def swf_server(open_swf_server: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A server that refuses what its command line says."""
    refused = ("ListDomains=ThrottlingException", "RecordMarker=OPERATION_NOT_PERMITTED")
    options = [word for one in refused for word in ("--refuse", one)]
    with open_swf_server(tmp_path / "swf.db", *options) as server:
        yield server


def test_a_server_refuses_what_it_is_told_to(http_swf: Any) -> None:
    http_swf.start()
    http_swf.decide(http_swf.marker("m"))

    assert http_swf.last("RecordMarkerFailed") == {
        "cause": "OPERATION_NOT_PERMITTED",
        "decisionTaskCompletedEventId": 4,
        "markerName": "m",
    }
    refusal = http_swf.refusal("list_domains", registrationStatus="REGISTERED")
    assert refusal == ("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    ("refused", "problem"),
    [
        ({"StartTimers": RATE}, "Amazon SWF has no operation and no decision StartTimers."),
        (
            {"CancelTimer": "TIMER_CREATION_RATE_EXCEEDED"},
            (
                "CancelTimer is never refused by TIMER_CREATION_RATE_EXCEEDED, only by "
                "TIMER_ID_UNKNOWN, OPERATION_NOT_PERMITTED."
            ),
        ),
        (
            {"ListDomains": "UnknownResourceFault"},
            (
                "ListDomains is never refused by UnknownResourceFault, only by "
                "OperationNotPermittedFault, ThrottlingException."
            ),
        ),
    ],
)
def test_only_what_swf_refuses_can_be_refused(refused: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        Service(refused=refused)


def refused_by(operation: str, fault: str) -> SwfError:
    """What a service that is told to refuse an operation answers, whatever the request is."""

    async def ask() -> BaseException | None:
        service = Service(refused={operation: fault})
        answer = service.call(operation, {})
        await asyncio.wait([answer])
        await service.close()
        return answer.exception()

    error = asyncio.run(ask())
    assert isinstance(error, SwfError)
    return error
