"""Activities in a test's environment: replaced, failing, timing out, heard of."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from swflow import (
    ActivityCancelled,
    CompleteLater,
    Failure,
    SwflowError,
    WorkflowFailed,
    activity,
    activity_info,
    beating,
    heartbeat,
    workflow,
)
from swflow.testing import Environment
from tests.swflow.testing.orders import (
    HOUR,
    YEAR,
    Receipt,
    careful,
    charge,
    impatient,
    order,
    pack,
)


def test_an_activity_is_replaced(env: Environment) -> None:
    fake = Mock(return_value=Receipt(1, 9.99))
    env.replace(charge, fake)
    assert env.run(order, 7, 2.5)[1] == "9.99"
    fake.assert_called_once_with(7, 2.5)


def test_a_replacement_can_be_async(env: Environment) -> None:
    env.replace(charge, AsyncMock(return_value=Receipt(1, 9.99)))
    assert env.run(order, 7, 2.5)[1] == "9.99"


def test_a_replacement_gives_what_the_activity_gives(env: Environment) -> None:
    env.replace(charge, lambda _number, _amount: "no receipt")
    with pytest.raises(WorkflowFailed, match="Charge"):
        env.run(order, 7, 2.5)


def test_failures_on_demand_are_tried_again(env: Environment) -> None:
    env.fail(charge, times=2)
    begun, execution = env.now, env.start(order, 7, 2.5)
    assert execution.result()[1] == "2.50"
    kinds = [event["eventType"] for event in execution.history()]
    assert kinds.count("ActivityTaskFailed") == 2
    # It waited for five minutes, and for ten.
    assert timedelta(minutes=15) <= env.now - begun < timedelta(minutes=16)


def test_a_failure_on_demand_says_what_it_is_told_to(env: Environment) -> None:
    env.fail(charge, Failure("the bank is gone", retry=False))
    assert env.run(careful) == "Charge failed: the bank is gone"


@pytest.mark.parametrize(
    ("kind", "minutes"), [("START_TO_CLOSE", 10), ("HEARTBEAT", 2), ("SCHEDULE_TO_CLOSE", 10)]
)
def test_a_timeout_on_demand_is_the_one_that_is_asked_for(
    env: Environment, kind: Any, minutes: int
) -> None:
    if kind == "SCHEDULE_TO_CLOSE":
        changed = {"start_to_close": None, "schedule_to_close": timedelta(minutes=minutes)}
        slow: Any = charge.options(**changed)  # type: ignore[arg-type]
    else:
        slow = charge

    @workflow("Slow", version="1", task_list="orders", execution_timeout=YEAR)
    async def slow_order() -> Receipt:
        receipt: Receipt = await slow(1, 2.5)
        return receipt

    env.time_out(charge, kind)
    begun, execution = env.now, env.start(slow_order)
    assert execution.result() == Receipt(1, 2.5)
    (timed_out,) = [e for e in execution.history() if e["eventType"] == "ActivityTaskTimedOut"]
    assert timed_out["activityTaskTimedOutEventAttributes"]["timeoutType"] == kind
    assert timedelta(minutes=minutes) <= env.now - begun < timedelta(minutes=minutes + 1)


def test_every_retry_after_a_timeout_is_used_up(env: Environment) -> None:
    env.time_out(charge, times=2)
    assert env.run(careful) == "Charge timed out (START_TO_CLOSE)"


def test_a_timeout_that_an_activity_does_not_have_is_refused(env: Environment) -> None:
    env.time_out(pack)
    with pytest.raises(SwflowError, match=r"Pack is to time out .* and has no such timeout"):
        env.run(order, 7, 2.5)


def test_nobody_is_there_to_take_a_task(env: Environment) -> None:
    execution = env.start(careful)
    with env.without_workers("money"):
        env.advance(hours=25)
    assert execution.result() == "Charge timed out (SCHEDULE_TO_START)"


def test_an_activity_knows_who_it_is(env: Environment) -> None:
    seen = []

    def look(number: int, amount: float) -> Receipt:
        seen.append(activity_info())
        return Receipt(number, amount)

    env.replace(charge, look)
    env.fail(charge)
    execution = env.start(careful)
    execution.result()
    assert [(each.name, each.attempt) for each in seen] == [("Charge", 2)]
    assert seen[0].workflow_id == execution.workflow_id


def test_the_last_heartbeat_comes_with_a_timeout(env: Environment) -> None:
    def hang(_number: int, _amount: float) -> Receipt:
        heartbeat("half way")
        env.advance(minutes=3)
        return Receipt(1, 1)

    env.replace(charge, hang)
    execution = env.start(careful)
    assert execution.result() == "Charge timed out (HEARTBEAT)"
    (first, _) = [e for e in execution.history() if e["eventType"] == "ActivityTaskTimedOut"]
    assert first["activityTaskTimedOutEventAttributes"]["details"] == '"half way"'


def test_time_that_passes_in_an_activity_lets_its_workflow_cancel_it(env: Environment) -> None:
    ended = []

    def dawdle(number: int, amount: float) -> Receipt:
        for _ in range(9):
            env.advance(seconds=50)
            try:
                heartbeat()
            except ActivityCancelled as error:
                ended.append(str(error))
                raise
        return Receipt(number, amount)

    env.replace(charge, dawdle)
    execution = env.start(impatient)
    assert execution.result() == "too slow"
    assert len(ended) == 1


def test_a_coroutine_is_cancelled_as_asyncio_cancels(env: Environment) -> None:
    ended = []

    async def dawdle(number: int, amount: float) -> Receipt:
        try:
            for _ in range(9):
                env.advance(seconds=50)
                heartbeat()
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return Receipt(number, amount)

    @activity("Charge", version="2", task_list="money", heartbeat_timeout=HOUR)
    async def charge_slowly(number: int, amount: float) -> Receipt:
        return await dawdle(number, amount)

    @workflow("Slow", version="1", task_list="orders", execution_timeout=YEAR)
    async def slow_order() -> str:
        promise = charge_slowly(1, 2.5)
        try:
            async with asyncio.timeout(60):
                await promise
        except TimeoutError:
            return "too slow"
        return "charged"

    execution = env.start(slow_order)
    assert execution.result() == "too slow"
    assert ended == ["cancelled"]


def test_heartbeats_go_on_by_themselves_as_time_passes(env: Environment) -> None:
    def sit(number: int, amount: float) -> Receipt:
        with beating():
            env.advance(minutes=9)
        return Receipt(number, amount)

    env.replace(charge, sit)
    assert env.run(careful) == "charged"


def test_somebody_else_completes_a_task(env: Environment) -> None:
    tokens = []

    def ask(_number: int, _amount: float) -> Receipt:
        tokens.append(activity_info().task_token)
        raise CompleteLater

    env.replace(charge, ask)
    execution = env.start(order, 7, 2.5)
    env.advance(minutes=1)
    env.client.task(tokens[0], charge).complete(Receipt(7, 99))
    assert execution.result()[1] == "99.00"
