"""Calling a workflow outside of workflows runs it there and then."""

import asyncio
from datetime import UTC, datetime

import pytest

from swflow import SerializationError, WorkflowTimedOut, now, workflow
from tests.swflow.testing.orders import (
    HOUR,
    YEAR,
    CardError,
    approval,
    bad_card,
    order,
    patience,
    ship,
)


def test_a_call_gives_the_result() -> None:
    assert order(7, 2.5) == ["parcel 7 shipped", "2.50"]
    assert ship("parcel") == "parcel shipped"


def test_waits_take_no_time() -> None:
    assert patience(10) > f"{datetime.now(UTC):%Y-%m-%d}"


def test_it_begins_now() -> None:
    @workflow("Clock", version="1", task_list="orders", execution_timeout=YEAR)
    async def clock() -> datetime:
        return now()

    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= clock() <= datetime.now(UTC)


def test_what_its_code_raises_is_raised() -> None:
    with pytest.raises(CardError, match="expired") as caught:
        bad_card()
    assert caught.traceback[-1].name == "bad_card"


def test_what_never_comes_to_an_end_says_so() -> None:
    with pytest.raises(WorkflowTimedOut):
        approval.options(execution_timeout=HOUR)()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SerializationError, match="Order"):
        order(7)  # type: ignore[call-arg]


def test_it_can_be_called_where_an_event_loop_is_running() -> None:
    async def call() -> object:
        return ship("parcel")

    assert asyncio.run(call()) == "parcel shipped"
