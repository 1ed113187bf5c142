"""Closed executions are forgotten when their domain's retention period is over."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock
from localswf.engine import retention
from localswf.store import records

EVER = {"oldestDate": datetime.fromtimestamp(0, UTC)}
DAY = 24 * 60 * 60
WORKFLOW_DEFAULTS = {
    "defaultTaskList": {"name": "deciders"},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "swf.db"


@pytest.fixture
def client(path: Path, clock: VirtualClock) -> Iterator[Client]:
    """The service on a file."""
    client = Client(Service(path, clock))
    yield client
    client.close()


@pytest.fixture
def reopen(swf: Any, path: Path, clock: VirtualClock) -> Iterator[Callable[[float], None]]:
    """Lets time pass while no service runs."""

    def close_and_open(seconds: float) -> None:
        swf.client.close()
        clock.advance(seconds)
        swf.client = Client(Service(path, clock))

    yield close_and_open
    swf.client.close()


def closed(swf: Any, domain: str = "videos") -> list[str]:
    """The workflowIds of the closed executions, by either time."""
    found = []
    for order in ("startTimeFilter", "closeTimeFilter"):
        parameters = {"domain": domain, order: EVER, "reverseOrder": True}
        infos = swf.client.list_closed_workflow_executions(**parameters)["executionInfos"]
        found.append([info["execution"]["workflowId"] for info in infos])
    count = swf.client.count_closed_workflow_executions(domain=domain, startTimeFilter=EVER)
    assert found[0] == found[1]
    assert count["count"] == len(found[0])
    return found[0]


def run(swf: Any, workflow_id: str, *decisions: dict[str, Any]) -> None:
    swf.start(workflow_id)
    swf.decide(*decisions, swf.complete())


EVENTS_IN_ROW = "length(events) - length(replace(events, char(10), '')) + 1"


def on_disk(path: Path) -> tuple[int, int, int]:
    """How many events, heartbeats and executions to read the file has."""
    connection = sqlite3.connect(path)
    counts = [
        connection.execute(f"SELECT coalesce(sum({number}), 0) FROM {table}").fetchone()[0]  # noqa: S608 - names of tables
        for number, table in (
            (EVENTS_IN_ROW, "events"),
            ("1", "heartbeats"),
            ("1", "executions WHERE coalesce(closed_at, 0) >= 0"),
        )
    ]
    connection.close()
    return counts[0], counts[1], counts[2]


def is_unknown(swf: Any, workflow_id: str) -> bool:
    execution = swf.execution(workflow_id)
    names = f"workflowId={workflow_id}, runId={execution['runId']}"
    expected = ("UnknownResourceFault", f"Unknown execution: WorkflowExecution=[{names}]")
    refused = {
        swf.refusal(method, domain="videos", execution=execution)
        for method in ("describe_workflow_execution", "get_workflow_execution_history")
    }
    return refused == {expected}


def test_a_closed_execution_is_kept_for_its_time(swf: Any, clock: VirtualClock, path: Path) -> None:
    run(swf, "first", swf.schedule("resize"))
    clock.advance(DAY / 2)
    run(swf, "second")
    swf.start("open", executionStartToCloseTimeout=str(30 * DAY))

    clock.advance(DAY / 2 - 1)
    assert closed(swf) == ["first", "second"]
    assert swf.describe("first")["executionInfo"]["executionStatus"] == "CLOSED"

    clock.advance(2)
    assert closed(swf) == ["second"]
    assert is_unknown(swf, "first")
    assert on_disk(path) == (5 + 2, 0, 2)

    clock.advance(DAY / 2)
    assert closed(swf) == []
    assert is_unknown(swf, "second")
    assert on_disk(path) == (2, 0, 1)
    # One that is open is kept, however old it is.
    clock.advance(10 * DAY)
    assert swf.types("open")[-1] == "DecisionTaskScheduled"


def test_what_came_due_while_the_service_was_down_goes_at_its_start(
    swf: Any, clock: VirtualClock, path: Path, reopen: Any
) -> None:
    run(swf, "first")
    clock.advance(DAY / 2)
    run(swf, "second")

    reopen(DAY / 2 + 1)

    assert closed(swf) == ["second"]
    assert is_unknown(swf, "first")
    assert on_disk(path)[2] == 1
    clock.advance(DAY / 2)
    assert closed(swf) == []
    assert on_disk(path) == (0, 0, 0)


@pytest.mark.parametrize("period", ["NONE", "0"])
def test_without_a_period_nothing_is_kept(
    swf: Any, path: Path, clock: VirtualClock, period: str
) -> None:
    swf.client.register_domain(name="brief", workflowExecutionRetentionPeriodInDays=period)
    kind = {"name": "Process", "version": "1"}
    swf.client.register_workflow_type(domain="brief", **kind, **WORKFLOW_DEFAULTS)
    started = swf.client.start_workflow_execution(
        domain="brief", workflowId="video", workflowType=kind
    )
    execution = {"workflowId": "video", "runId": started["runId"]}
    described = swf.client.describe_workflow_execution(domain="brief", execution=execution)
    assert described["executionInfo"]["executionStatus"] == "OPEN"
    swf.client.terminate_workflow_execution(domain="brief", workflowId="video")

    code, _ = swf.refusal("describe_workflow_execution", domain="brief", execution=execution)
    assert code == "UnknownResourceFault"
    assert closed(swf, "brief") == []
    clock.advance(1)
    assert on_disk(path) == (0, 0, 0)


def test_each_domain_has_its_own_period(swf: Any, clock: VirtualClock) -> None:
    swf.client.register_domain(name="long", workflowExecutionRetentionPeriodInDays="90")
    kind = {"name": "Process", "version": "1"}
    swf.client.register_workflow_type(domain="long", **kind, **WORKFLOW_DEFAULTS)
    swf.client.start_workflow_execution(domain="long", workflowId="kept", workflowType=kind)
    swf.client.terminate_workflow_execution(domain="long", workflowId="kept")
    run(swf, "short")

    clock.advance(89 * DAY)
    assert (closed(swf), closed(swf, "long")) == ([], ["kept"])
    clock.advance(DAY + 1)
    assert closed(swf, "long") == []


def test_a_number_is_not_given_again(swf: Any, clock: VirtualClock, reopen: Any) -> None:
    """Or the token of a task that is long over would be good for another execution's."""
    swf.start("old")
    token = swf.poll_decision()["taskToken"]
    swf.client.terminate_workflow_execution(domain="videos", workflowId="old")
    clock.advance(DAY + 1)

    for workflow_id in ("new", "newer"):
        reopen(1)
        swf.start(workflow_id)
        swf.poll_decision()
        refused = swf.refusal("respond_decision_task_completed", taskToken=token)
        assert refused == ("ValidationException", "Invalid token")
        swf.client.terminate_workflow_execution(domain="videos", workflowId=workflow_id)
        reopen(DAY + 1)


def test_rounds_are_small(
    swf: Any, clock: VirtualClock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(records, "_EVENTS_IN_A_ROW", 1)
    monkeypatch.setattr(retention, "_EXECUTIONS_AT_ONCE", 2)
    for number in range(5):
        run(swf, str(number), *[swf.marker("m")] * number)
    journal = swf.client._service._journal
    rounds = []
    commit = journal._commit

    def watched(queue: list[Any]) -> None:
        before = on_disk(path)
        commit(queue)
        after = on_disk(path)
        rounds.append((before[0] - after[0], before[2] - after[2]))

    monkeypatch.setattr(journal, "_commit", watched)
    clock.advance(DAY + 1)

    assert on_disk(path) == (0, 0, 0)
    assert max(events for events, _ in rounds) == 3
    assert max(executions for _, executions in rounds) <= 2
    assert len(rounds) >= 35 / 3


@pytest.mark.parametrize("rounds", [1, 2, 3, 7])
def test_a_restart_amid_the_rounds(
    swf: Any, path: Path, reopen: Any, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """What is partly gone is gone for everyone, and the rest of it follows."""
    monkeypatch.setattr(retention, "_EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(records, "_EVENTS_IN_A_ROW", 1)
    for name in ("first", "second", "third"):
        run(swf, name, swf.marker("m"), swf.marker("m"))
    sweep = retention.Retention._sweep
    done = []

    def some(self: Any) -> None:
        if len(done) < rounds:
            done.append(self)
            sweep(self)

    monkeypatch.setattr(retention.Retention, "_sweep", some)
    reopen(DAY + 1)
    assert closed(swf) == []
    assert all(is_unknown(swf, name) for name in swf.runs)
    monkeypatch.setattr(retention.Retention, "_sweep", sweep)
    assert on_disk(path)[0] == 21 - 3 * min(rounds, 7)

    reopen(1)

    assert closed(swf) == []
    assert all(is_unknown(swf, name) for name in swf.runs)
    assert on_disk(path) == (0, 0, 0)


def test_a_round_that_cannot_be_written_is_written_later(
    swf: Any, clock: VirtualClock, path: Path
) -> None:
    def refuse() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    run(swf, "video")
    writer = swf.client._service._journal._writer
    writer.create_function("refuse", 0, refuse)
    writer.execute(
        "CREATE TEMP TRIGGER full BEFORE DELETE ON main.events BEGIN SELECT refuse(); END"
    )
    clock.advance(DAY + 1)
    assert on_disk(path) == (5, 0, 1)
    clock.advance(10)
    writer.execute("DROP TRIGGER temp.full")
    clock.advance(2)
    assert on_disk(path) == (0, 0, 0)


def test_the_file_does_not_grow_without_bound(swf: Any, clock: VirtualClock, path: Path) -> None:
    sizes = []
    for day in range(12):
        for number in range(20):
            run(swf, f"{day}-{number}", *[swf.marker("m", details="x" * 5000)] * 5)
        clock.advance(DAY / 2)
        swf.client._service._journal._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes.append(path.stat().st_size)

    assert sizes[1] > 2 * 20 * 5 * 5000
    assert max(sizes) < 1.5 * sizes[1]


def test_under_the_wall_clock(path: Path) -> None:
    """With commits in a thread: an execution is gone from disk soon after its end."""

    async def use() -> None:
        service = Service(path)
        kind = {"name": "Process", "version": "1"}
        await service.call(
            "RegisterDomain", {"name": "d", "workflowExecutionRetentionPeriodInDays": "0"}
        )
        await service.call("RegisterWorkflowType", {"domain": "d", **kind, **WORKFLOW_DEFAULTS})
        for number in range(20):
            start = {"domain": "d", "workflowId": str(number), "workflowType": kind}
            await service.call("StartWorkflowExecution", start)
            await service.call("TerminateWorkflowExecution", start | {"workflowType": None})
        for _ in range(200):
            if on_disk(path) == (0, 0, 0):
                break
            await asyncio.sleep(0.05)
        await service.close()

    asyncio.run(use())
    assert on_disk(path) == (0, 0, 0)
