"""What was done is undone if a later step fails."""

import asyncio
from typing import Any

import pytest

from swflow import (
    ActivityFailed,
    CompensationFailed,
    Saga,
    SwflowError,
    activity,
    continue_as_new,
)
from tests.swflow.flows import Begin, flow


@activity("Book", version="1", task_list="trips")
def book(what: str) -> str:
    return what


@activity("Cancel", version="1", task_list="trips")
def cancel(what: str) -> None: ...


@flow
async def trip() -> str:
    async with Saga() as saga:
        for what in ("seat", "room", "car"):
            saga.add(cancel, await book(what))
    return "booked"


@flow
def plain_trip() -> str:
    with Saga() as saga:
        for what in ("seat", "room", "car"):
            saga.add(cancel, book(what).result())
    return "booked"


@pytest.fixture(params=[trip, plain_trip], ids=["async", "def"])
def two_steps_done(begin: Begin, request: pytest.FixtureRequest) -> Any:
    history = begin(request.param)
    for activity_id, what in ("1", "seat"), ("2", "room"):
        history.decide()
        history.complete(activity_id, what)
    history.decide()
    return history


def inputs(decisions: list[dict[str, Any]]) -> list[str]:
    scheduled = [each.get("scheduleActivityTaskDecisionAttributes") for each in decisions]
    return [each["activityType"]["name"] + each["input"] for each in scheduled if each]


def test_without_a_failure_nothing_is_undone(two_steps_done: Any) -> None:
    two_steps_done.complete("3", "car")
    assert two_steps_done.result() == "booked"


def test_after_a_failure_all_is_undone_in_reverse_order_one_by_one(two_steps_done: Any) -> None:
    history = two_steps_done
    history.fail("3", "no car")
    assert inputs(history.decide()) == ['Cancel{"args":["room"],"kwargs":{}}']
    history.complete("4")
    assert inputs(history.decide()) == ['Cancel{"args":["seat"],"kwargs":{}}']
    history.complete("5")
    reason, _ = history.failure()
    assert reason == "Book failed: no car"


def test_after_a_cancellation_too(two_steps_done: Any) -> None:
    history = two_steps_done
    history.request_cancel()
    assert history.asked() == ["RequestCancelActivityTask 3", "ScheduleActivityTask 4"]
    history.complete("4")
    assert history.asked() == ["ScheduleActivityTask 5"]
    history.complete("5")
    assert history.asked() == ["CancelWorkflowExecution"]


def test_where_one_cannot_be_undone_the_others_still_are(two_steps_done: Any) -> None:
    history = two_steps_done
    history.fail("3", "no car")
    history.decide()
    history.fail("4", "the room is not refundable")
    assert inputs(history.decide()) == ['Cancel{"args":["seat"],"kwargs":{}}']
    history.complete("5")
    reason, says = history.failure()
    assert reason == (
        "CompensationFailed: could not be undone: Cancel failed: the room is not refundable"
    )
    assert "Book failed: no car" in says["details"]["traceback"]


def test_nothing_interrupts_the_undoing(begin: Begin) -> None:
    @flow
    async def hurried() -> str:
        try:
            async with asyncio.timeout(60), Saga() as saga:
                saga.add(cancel, "seat")
                await book("room")
        except (TimeoutError, ActivityFailed) as error:
            return type(error).__name__
        return "unexpected"

    history = begin(hurried)
    history.decide()
    history.fail("2")
    assert inputs(history.decide()) == ['Cancel{"args":["seat"],"kwargs":{}}']
    history.fire("1")
    assert history.asked() == []
    history.complete("3")
    assert history.result() == "TimeoutError"


def test_what_is_undone_may_be_any_function(begin: Begin) -> None:
    undone = list[str]()

    async def undo(what: str, *, twice: bool = False) -> None:
        await cancel(what)
        undone.append(f"{what} {twice}")

    def note(what: str) -> None:
        undone.append(what)

    @flow
    async def mixed() -> list[str]:
        undone.clear()
        try:
            async with Saga() as saga:
                saga.add(note, "last")
                saga.add(undo, "first", twice=True)
                await book("x")
        except ActivityFailed:
            return undone
        return ["unexpected"]

    history = begin(mixed)
    history.decide()
    history.fail("1")
    history.decide()
    history.complete("2")
    assert history.result() == ["first True", "last"]


def test_going_on_as_a_new_execution_is_no_failure(begin: Begin) -> None:
    @flow
    async def endless() -> None:
        async with Saga() as saga:
            saga.add(cancel, "seat")
            continue_as_new()

    assert begin(endless).asked() == ["ContinueAsNewWorkflowExecution"]


def test_being_put_away_is_no_failure(begin: Begin) -> None:
    undone = list[str]()

    @flow
    async def waiting() -> None:
        async with Saga() as saga:
            saga.add(undone.append, "seat")
            await book("room")

    history = begin(waiting)
    history.decide()
    history.close()
    assert undone == []


def test_a_plain_with_is_for_def_workflows() -> None:
    with pytest.raises(SwflowError, match="use `async with`"), Saga():
        pass


def test_all_that_went_wrong_is_there() -> None:
    errors: list[Exception] = [ValueError("a"), ValueError("b")]
    error = CompensationFailed(errors)
    assert (str(error), error.errors) == ("could not be undone: a; b", errors)
