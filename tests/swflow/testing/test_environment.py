"""What an environment lets tests of workflows do."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from swflow import (
    ActivityCancelled,
    CompleteLater,
    Failure,
    NonDeterminismError,
    SerializationError,
    SwflowError,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    activity,
    activity_info,
    beating,
    continue_as_new,
    heartbeat,
    info,
    workflow,
)
from swflow.testing import Environment, check
from tests.swflow.testing.orders import (
    HOUR,
    YEAR,
    CardError,
    Receipt,
    approval,
    approved,
    bad_card,
    careful,
    charge,
    impatient,
    order,
    pack,
    patience,
    ship,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[True, False], ids=["kept", "replayed"])
def env(request: pytest.FixtureRequest) -> Iterator[Environment]:
    with Environment(sticky=request.param) as environment:
        yield environment


def kinds(execution: Any) -> list[str]:
    return [event["eventType"] for event in execution.history()]


def test_a_workflow_runs_with_its_activities_and_children(env: Environment) -> None:
    assert env.run(order, 7, 2.5) == ["parcel 7 shipped", "2.50"]


def test_what_waits_for_months_is_there_at_once(env: Environment) -> None:
    execution = env.start(patience, 10)
    assert execution.result() == "2026-10-28"
    assert env.now.date() == datetime(2026, 10, 28, tzinfo=UTC).date()
    check(patience, execution.history())


def test_nothing_happens_until_the_test_waits(env: Environment) -> None:
    execution = env.start(approval)
    assert execution.published() is None
    env.run_until_idle()
    assert execution.published() == "asking"
    assert env.now == START


def test_a_signal_comes_in_time(env: Environment) -> None:
    execution = env.start(approval)
    env.advance(hours=35, minutes=59)
    execution.signal(approved, True)
    assert execution.result() == "approved"


def test_a_signal_comes_too_late(env: Environment) -> None:
    execution = env.start(approval)
    env.advance(timedelta(hours=36, seconds=1))
    assert execution.status() == "COMPLETED"
    assert execution.result() == "nobody answered"


def test_time_does_not_go_back(env: Environment) -> None:
    with pytest.raises(ValueError, match="time cannot go back"):
        env.advance(hours=-1)


def test_the_clock_starts_where_it_is_told_to() -> None:
    start = datetime(2030, 5, 1, 12, tzinfo=UTC)
    with Environment(start=start) as env:
        assert env.now == start
        env.advance(seconds=90)
        assert env.now == start + timedelta(seconds=90)


def test_a_result_is_waited_for_no_longer_than_asked(env: Environment) -> None:
    execution = env.start(patience, 1)
    with pytest.raises(TimeoutError, match="still open"):
        execution.result(timedelta(days=29))
    assert execution.is_open()
    assert execution.result(timedelta(days=2)) == "2026-01-31"


# Activities.


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
    execution = env.start(order, 7, 2.5)
    assert execution.result()[1] == "2.50"
    assert kinds(execution).count("ActivityTaskFailed") == 2
    # It waited for five minutes, and for ten.
    assert START + timedelta(minutes=15) <= env.now < START + timedelta(minutes=16)


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
    execution = env.start(slow_order)
    assert execution.result() == Receipt(1, 2.5)
    (timed_out,) = [e for e in execution.history() if e["eventType"] == "ActivityTaskTimedOut"]
    assert timed_out["activityTaskTimedOutEventAttributes"]["timeoutType"] == kind
    assert START + timedelta(minutes=minutes) <= env.now < START + timedelta(minutes=minutes + 1)


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


# Executions.


def test_what_the_code_raised_is_the_cause(env: Environment) -> None:
    with pytest.raises(WorkflowFailed, match="CardError: expired") as caught:
        env.run(bad_card)
    assert isinstance(caught.value.__cause__, CardError)


def test_executions_end_in_other_ways(env: Environment) -> None:
    terminated, cancelled = env.start(approval), env.start(approval)
    env.run_until_idle()
    terminated.terminate("no more")
    cancelled.cancel()
    with pytest.raises(WorkflowTerminated, match="no more"):
        terminated.result()
    with pytest.raises(WorkflowCancelled):
        cancelled.result()
    with pytest.raises(WorkflowTimedOut):
        env.run(approval.options(execution_timeout=HOUR))


def test_an_execution_goes_on_as_another(env: Environment) -> None:
    @workflow("Rounds", version="1", task_list="rounds", execution_timeout=YEAR)
    async def rounds(left: int) -> str:
        await asyncio.sleep(3600)
        if left:
            continue_as_new(left - 1)
        return info().run_id

    execution = env.start(rounds, 3)
    assert execution.result() != execution.run_id
    assert env.now >= START + timedelta(hours=4)


def test_another_version_goes_on(env: Environment) -> None:
    @workflow("Changing", version="2", task_list="new", execution_timeout=YEAR)
    async def changed() -> str:
        return info().version

    @workflow("Changing", version="1", task_list="old", execution_timeout=YEAR)
    async def changing() -> str:
        changed.continue_as_new()

    assert env.run(changing) == "2"


def test_an_open_execution_keeps_its_id(env: Environment) -> None:
    env.start(approval, workflow_id="mine")
    with pytest.raises(WorkflowAlreadyRunning, match="'mine' is open in a test's environment"):
        env.start(approval, workflow_id="mine")


def test_wrong_arguments_are_refused(env: Environment) -> None:
    with pytest.raises(SerializationError, match="Patience"):
        env.start(patience, "many")


def test_code_that_uses_a_client_finds_what_is_here(env: Environment) -> None:
    env.client.start(approval, workflow_id="mine")
    found = env.client.execution("mine")
    found.signal(approved, False)
    assert found.result() == "refused"


def test_a_type_that_nobody_calls_is_given_from_the_start() -> None:
    with Environment(ship, charge) as env:
        infos = env.client.connection.swf.list_workflow_types(
            domain=env.client.domain, registrationStatus="REGISTERED"
        )["typeInfos"]
    assert [each["workflowType"]["name"] for each in infos] == ["Ship"]


def test_the_same_happens_every_time() -> None:
    histories = []
    for _ in range(2):
        with Environment() as env:
            env.fail(charge)
            execution = env.start(order, 7, 2.5)
            execution.result()
            histories.append(execution.history())
    assert _without_chance(histories[0]) == _without_chance(histories[1])


def test_code_that_cannot_be_replayed_is_found() -> None:
    calls = iter([1, 2, 3])

    @workflow("Unsteady", version="1", task_list="orders", execution_timeout=YEAR)
    async def unsteady() -> None:
        await asyncio.sleep(next(calls))
        await asyncio.sleep(60)

    with Environment(sticky=False) as env, pytest.raises(NonDeterminismError):
        env.run(unsteady)


def test_a_decider_that_is_started_again_goes_on() -> None:
    with Environment() as env:
        execution = env.start(patience, 3)
        for _ in range(5):
            env.restart_decider()
            env.advance(days=15)
        assert execution.result() == "2026-04-01"


def test_it_can_be_used_where_an_event_loop_is_running() -> None:
    async def test() -> list[str]:
        with Environment() as env:
            env.replace(charge, AsyncMock(return_value=Receipt(1, 3)))
            await asyncio.sleep(0)
            return env.run(order, 7, 2.5)

    assert asyncio.run(test()) == ["parcel 7 shipped", "3.00"]


def _without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_chance(v) for k, v in value.items() if k not in ("runId", "workflowId")}
    return [_without_chance(each) for each in value] if isinstance(value, list) else value
