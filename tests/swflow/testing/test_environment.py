"""What an environment lets tests of workflows do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from swflow import (
    Encryption,
    NonDeterminismError,
    Payloads,
    SerializationError,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    continue_as_new,
    info,
    workflow,
)
from swflow.testing import Environment, check
from tests.swflow.stores import MemoryStore
from tests.swflow.testing.orders import (
    HOUR,
    YEAR,
    CardError,
    Receipt,
    approval,
    approved,
    bad_card,
    charge,
    order,
    patience,
    ship,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


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


def test_payloads_travel_as_the_programs_do() -> None:
    store = MemoryStore()
    secret = Payloads(store=store, codecs=[Encryption({"key": b"k" * 32})], threshold=100)
    with Environment(payloads=secret) as env:
        execution = env.start(order, 7, 2.5)
        assert execution.result() == ["parcel 7 shipped", "2.50"]
        assert "parcel" not in str(execution.history())
        assert store.puts > 0
        check(order, execution.history(), domain="testing", payloads=secret)


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
