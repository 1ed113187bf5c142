"""A workflow called in a workflow is a child."""

import asyncio
import json
from datetime import timedelta

import pytest

from swflow import (
    ChildCancelled,
    ChildError,
    ChildFailed,
    ChildNotStarted,
    ChildTerminated,
    ChildTimedOut,
    NonDeterminismError,
    SwflowError,
    external,
    replay,
    workflow,
)
from tests.swflow.flows import Begin, flow, step

HOUR = timedelta(hours=1)


@workflow("Ship", version="3", task_list="ships", execution_timeout=HOUR)
async def ship(order: str, parts: int = 1) -> list[str]:
    return [order] * parts


@flow
async def ordering() -> list[str]:
    return await ship.options(workflow_id="shipment-7")("books", parts=2)


def test_a_call_starts_a_child_with_the_types_settings(begin: Begin) -> None:
    (decision,) = begin(ordering).decide()
    assert decision == {
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes": {
            "workflowId": "shipment-7",
            "workflowType": {"name": "Ship", "version": "3"},
            "input": '{"args":["books"],"kwargs":{"parts":2}}',
            "control": "1",
            "taskList": {"name": "ships"},
            "executionStartToCloseTimeout": "3600",
            "taskStartToCloseTimeout": "60",
            "childPolicy": "TERMINATE",
        },
    }


def test_a_child_can_be_run_otherwise(begin: Begin) -> None:
    @flow
    async def urgent() -> list[str]:
        hurried = ship.options(
            version="4",
            task_list="planes",
            priority=9,
            tags=["urgent"],
            execution_timeout=timedelta(seconds=90),
            decision_timeout=timedelta(seconds=10),
            child_policy="ABANDON",
        )
        return await hurried("books")

    (decision,) = begin(urgent).decide()
    says = decision["startChildWorkflowExecutionDecisionAttributes"]
    del says["workflowId"], says["input"], says["control"]
    assert says == {
        "workflowType": {"name": "Ship", "version": "4"},
        "taskList": {"name": "planes"},
        "taskPriority": "9",
        "tagList": ["urgent"],
        "executionStartToCloseTimeout": "90",
        "taskStartToCloseTimeout": "10",
        "childPolicy": "ABANDON",
    }


def test_the_childs_result_is_the_calls(begin: Begin) -> None:
    history = begin(ordering)
    history.decide()
    history.start_child("shipment-7")
    assert history.asked() == []
    history.child("shipment-7", "Completed", result='["books","books"]')
    assert history.result() == ["books", "books"]


@pytest.mark.parametrize(
    ("became", "says", "error"),
    [
        ("Failed", {"reason": "lost", "details": '{"retry":false,"details":7}'}, ChildFailed),
        ("TimedOut", {"timeoutType": "START_TO_CLOSE"}, ChildTimedOut),
        ("Canceled", {}, ChildCancelled),
        ("Terminated", {}, ChildTerminated),
    ],
)
def test_every_other_end_is_an_error_of_its_own(
    begin: Begin, became: str, says: dict[str, str], error: type[ChildError]
) -> None:
    seen = list[ChildError]()

    @flow
    async def ordering() -> str:
        try:
            await ship.options(workflow_id="one")("books")
        except ChildError as raised:
            seen.append(raised)
        return "went on"

    history = begin(ordering)
    history.decide()
    history.start_child("one")
    history.child("one", became, **says)
    assert history.result() == "went on"
    assert type(seen[0]) is error
    assert (seen[0].workflow, seen[0].workflow_id) == ("Ship", "one")


def test_a_failed_child_passes_on_what_it_said(begin: Begin) -> None:
    history = begin(ordering)
    history.decide()
    origin = {"type": "OSError", "traceback": "...\nOSError: sunk"}
    details = json.dumps({"retry": False, "details": origin})
    history.child("shipment-7", "Failed", reason="OSError: sunk", details=details)
    reason, says = history.failure()
    assert reason == "Ship ('shipment-7') failed: OSError: sunk"
    assert says == {"retry": False, "details": origin}


def test_the_exceptions_type_and_traceback_come_across() -> None:
    error = ChildFailed("bad", {"type": "OSError", "traceback": "..."}, "Ship", "1", retry=True)
    assert (error.type, error.traceback) == ("OSError", "...")
    assert ChildFailed("bad", [1], "Ship", "1", retry=True).type is None


@pytest.mark.parametrize("initiated", [True, False])
def test_a_child_that_cannot_be_started(begin: Begin, *, initiated: bool) -> None:
    @flow
    async def ordering() -> str:
        try:
            await ship.options(workflow_id="one")("books")
        except ChildNotStarted as error:
            return error.cause
        return "unexpected"

    history = begin(ordering)
    history.begin_decision()
    decisions = history.decisions()
    if initiated:  # as WORKFLOW_ALREADY_RUNNING is found out only when it is to be started
        history.complete_decision(decisions)
    completed = len(history.events) - 1 if initiated else history.add("DecisionTaskCompleted")
    history.add(
        "StartChildWorkflowExecutionFailed",
        workflowId="one",
        workflowType={"name": "Ship", "version": "3"},
        cause="WORKFLOW_ALREADY_RUNNING",
        initiatedEventId=len(history.events) if initiated else 0,
        decisionTaskCompletedEventId=completed,
    )
    assert history.result() == "WORKFLOW_ALREADY_RUNNING"


def test_children_run_in_parallel_and_promises_are_arguments(begin: Begin) -> None:
    @flow
    async def ordering() -> list[list[str]]:
        name = step("books")
        first = ship.options(workflow_id="a")(name.later)
        second = ship.options(workflow_id="b")("pens")
        return await asyncio.gather(first, second)

    history = begin(ordering)
    assert history.asked() == ["ScheduleActivityTask 1", "StartChildWorkflowExecution b"]
    history.complete("1", "maps")
    (decision,) = history.decide()
    says = decision["startChildWorkflowExecutionDecisionAttributes"]
    assert (says["workflowId"], says["input"]) == ("a", '{"args":["maps"],"kwargs":{}}')
    history.child("b", "Completed", result='["pens"]')
    history.child("a", "Completed", result='["maps"]')
    assert history.result() == [["maps"], ["pens"]]


def test_a_made_up_id_is_the_parents_and_its_runs_own(begin: Begin) -> None:
    @flow
    async def ordering() -> list[str]:
        children = [ship("a"), ship("b")]
        return [each.workflow_id for each in children]

    first, second, closing = begin(ordering).decide()
    ids = [
        each["startChildWorkflowExecutionDecisionAttributes"]["workflowId"]
        for each in (first, second)
    ]
    assert len(set(ids)) == 2
    assert all(each.startswith("the-id.") for each in ids)
    result = closing["completeWorkflowExecutionDecisionAttributes"]["result"]
    assert json.loads(result) == ids


def test_a_made_up_id_is_taken_from_the_history_where_that_does_not_say_whose_it_is(
    begin_replayed: Begin,
) -> None:
    @flow
    async def ordering() -> list[str]:
        return await ship("books")

    history = begin_replayed(ordering)
    history.decide()
    history.begin_decision()
    assert replay(ordering, history.events) == []


def test_a_child_that_is_given_up_is_cancelled(begin: Begin) -> None:
    @flow
    async def impatient() -> str:
        try:
            async with asyncio.timeout(10):
                await ship.options(workflow_id="one")("books")
        except TimeoutError:
            return await step("instead")
        return "unexpected"

    history = begin(impatient)
    history.decide()
    history.start_child("one")
    history.fire("1")
    cancel, schedule = history.decide()
    assert cancel["requestCancelExternalWorkflowExecutionDecisionAttributes"] == {
        "workflowId": "one",
        "runId": "child-run",
    }
    assert schedule["decisionType"] == "ScheduleActivityTask"
    history.reached("RequestCancel", "ExternalWorkflowExecutionCancelRequested")
    history.child("one", "Canceled")
    assert history.asked() == []
    history.complete("3", "done")
    assert history.result() == "done"


def test_a_child_that_is_given_up_before_it_is_started_is_cancelled_then(begin: Begin) -> None:
    @flow
    async def hasty() -> str:
        child = ship.options(workflow_id="one")("books")
        await step("first")
        child.cancel()
        return await step("second")

    history = begin(hasty)
    history.decide()
    history.complete("2", "first")
    request = "RequestCancelExternalWorkflowExecution one"
    assert history.asked() == [request, "ScheduleActivityTask 3"]
    cause = {"cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", "decisionTaskCompletedEventId": 4}
    history.reached("RequestCancel", "RequestCancelExternalWorkflowExecutionFailed", **cause)
    assert history.asked() == []
    history.start_child("one")
    assert history.asked() == [request]
    history.reached("RequestCancel", "ExternalWorkflowExecutionCancelRequested")
    history.child("one", "Canceled")
    history.complete("3", "second")
    assert history.result() == "second"


def test_a_child_that_was_not_sent_yet_is_never_started(begin: Begin) -> None:
    @flow
    async def hasty() -> None:
        ship("books").cancel()

    assert begin(hasty).asked() == ["CompleteWorkflowExecution"]


def test_a_childs_start_can_be_waited_for(begin: Begin) -> None:
    @flow
    async def parent() -> str:
        child = ship.options(workflow_id="one")("books")
        run_id = await child.started
        await external(child.workflow_id, run_id).cancel()
        return run_id

    history = begin(parent)
    history.decide()
    history.start_child("one", "run-9")
    assert history.asked() == ["RequestCancelExternalWorkflowExecution one"]
    history.reached("RequestCancel", "ExternalWorkflowExecutionCancelRequested")
    assert history.result() == "run-9"


def test_another_child_is_another_decision(begin_replayed: Begin) -> None:
    arguments = ["books"]

    @flow
    async def ordering() -> list[str]:
        return await ship.options(workflow_id="one")(arguments[0])

    history = begin_replayed(ordering)
    history.decide()
    arguments[0] = "pens"
    history.begin_decision()
    with pytest.raises(NonDeterminismError) as caught:
        history.decisions()
    assert caught.value.expected is not None
    assert 'Ship (one) with {"args":["books"]' in caught.value.expected
    assert caught.value.actual is not None
    assert '["pens"]' in caught.value.actual


def test_outside_of_a_workflow_there_are_no_children_of_it() -> None:
    with pytest.raises(SwflowError, match="external\\(\\) is for a workflow's code"):
        external("one").cancel()
