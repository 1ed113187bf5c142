"""A failure ends the workflow, or only the task: one word apart."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from swflow import ActivityFailed, SwflowError, attempt, workflow
from swflow.values.failure import Report
from tests.swflow.flows import Begin, flow, step

HOUR = timedelta(hours=1)


@workflow("Ship", version="1", task_list="flows", execution_timeout=HOUR)
async def ship() -> str:
    return "shipped"


@flow
async def trying() -> list[Any]:
    outcomes = await asyncio.gather(attempt(step("a")), attempt(step("b")), attempt(ship()))
    return [[each.value, str(each.error)] for each in outcomes]


def test_a_workflow_goes_on_without_what_failed(begin: Begin) -> None:
    history = begin(trying)
    history.decide()
    history.fail("1", "no a")
    history.complete("2", "B")
    says = history.events[-3]["startChildWorkflowExecutionInitiatedEventAttributes"]
    history.child(says["workflowId"], "TimedOut")
    result = history.result()
    assert result[:2] == [[None, "Step failed: no a"], ["B", "None"]]
    assert result[2][1].endswith("took longer than its execution timeout")


def test_what_is_a_mistake_is_raised_as_ever(begin: Begin) -> None:
    @flow
    async def mistaken() -> str:
        await attempt(step("a"))
        return "unexpected"

    history = begin(mistaken)
    history.decide()
    history.complete("1", {"not": "a string"})
    reason, _ = history.failure()
    assert "Step: the result: Input should be a valid string" in reason


def test_giving_it_up_cancels_the_activity(begin: Begin) -> None:
    @flow
    async def impatient() -> str:
        try:
            async with asyncio.timeout(5):
                await attempt(step("a"))
        except TimeoutError:
            return "gave up"
        return "unexpected"

    history = begin(impatient)
    history.decide()
    history.fire("1")
    assert history.asked() == ["RequestCancelActivityTask 2", "CompleteWorkflowExecution"]


def test_a_cancelled_activity_cancels_the_attempt(begin: Begin) -> None:
    @flow
    async def undecided() -> str:
        promise = step("a")
        tried = attempt(promise)
        promise.cancel()
        try:
            await tried
        except asyncio.CancelledError:
            return "cancelled"
        return "unexpected"

    assert begin(undecided).result() == "cancelled"


def test_the_exceptions_type_and_traceback_come_across(begin: Begin) -> None:
    @flow
    async def telling() -> list[Any]:
        error = (await attempt(step("a"))).error
        assert isinstance(error, ActivityFailed)
        return [error.type, (error.traceback or "").splitlines()[-1]]

    history = begin(telling)
    history.decide()
    said = Report.of(OSError("disk full")).wire()
    scheduled = history.events[-1]["eventId"]
    history.add("ActivityTaskFailed", scheduledEventId=scheduled, **said)
    assert history.result() == ["OSError", "OSError: disk full"]


def test_a_failure_on_purpose_has_no_type_and_no_traceback() -> None:
    error = ActivityFailed("no", {"type": 7}, retry=True, activity="Step")
    assert (error.type, error.traceback) == (None, None)


def test_it_is_for_workflows() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(SwflowError, match="attempt\\(\\) is for a workflow's code"):
        attempt(loop.create_future())  # type: ignore[arg-type]
    loop.close()
