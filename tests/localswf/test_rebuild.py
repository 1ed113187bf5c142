"""A service that is closed and opened again on its file goes on where it stopped."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock


@pytest.fixture
def client(tmp_path: Path, clock: VirtualClock) -> Iterator[Client]:
    """The service on a file; `reopen` puts another in its place."""
    client = Client(Service(tmp_path / "swf.db", clock))
    yield client
    client.close()


@pytest.fixture
def reopen(swf: Any, tmp_path: Path, clock: VirtualClock) -> Iterator[Callable[[], None]]:
    def close_and_open() -> None:
        swf.client.close()
        swf.client = Client(Service(tmp_path / "swf.db", clock))

    yield close_and_open
    swf.client.close()


def described(swf: Any) -> dict[str, Any]:
    answer = swf.describe()
    del answer["ResponseMetadata"]
    return answer


def test_everything_open_is_as_it_was(swf: Any, reopen: Any, clock: Any) -> None:
    swf.start(tagList=["a"], taskPriority="1")
    swf.decide(
        swf.schedule("low"),
        swf.schedule("high", taskPriority="9"),
        swf.start_timer("t", 100),
        executionContext="context",
        taskList={"name": "mine"},
        taskListScheduleToStartTimeout="30",
    )
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")
    history, description = swf.history(), described(swf)

    reopen()

    assert (swf.history(), described(swf)) == (history, description)
    assert [swf.poll_activity()["activityId"] for _ in range(2)] == ["high", "low"]
    assert swf.poll_decision("mine")["previousStartedEventId"] == 3
    clock.advance(101)
    assert "TimerFired" in swf.types()


@pytest.mark.parametrize("times", [1, 2])
def test_tokens_stay_good(swf: Any, reopen: Any, times: int) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    work = swf.poll_activity()
    for _ in range(times):
        reopen()
    swf.client.respond_activity_task_completed(taskToken=work["taskToken"], result="done")
    task = swf.poll_decision()
    reopen()
    swf.answer(task, swf.complete())
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


def test_timeouts_run_on(swf: Any, reopen: Any, clock: Any) -> None:
    swf.start(taskStartToCloseTimeout="60")
    swf.poll_decision()
    clock.advance(50)
    reopen()
    clock.advance(11)
    assert "DecisionTaskTimedOut" in swf.types()


def test_what_is_over_stays_over(swf: Any, reopen: Any, clock: Any) -> None:
    swf.start(taskStartToCloseTimeout="60")
    swf.poll_decision()
    clock.advance(61)
    reopen()
    clock.advance(600)
    assert swf.types().count("DecisionTaskTimedOut") == 1


def test_a_heartbeat_counts_after_a_restart(swf: Any, reopen: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", heartbeatTimeout="10"))
    task = swf.poll_activity()
    clock.advance(9)
    swf.client.record_activity_task_heartbeat(taskToken=task["taskToken"], details="half")
    reopen()

    clock.advance(9)
    assert swf.types()[-1] == "ActivityTaskStarted"
    clock.advance(2)

    assert swf.last("ActivityTaskTimedOut")["details"] == "half"


def test_a_closed_execution_stays_closed(swf: Any, reopen: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"), swf.complete(result="done"))
    first, history = swf.runs["video"], swf.history()

    reopen()

    assert swf.history() == history
    assert described(swf)["executionInfo"]["closeStatus"] == "COMPLETED"
    assert "taskToken" not in swf.poll_activity()
    swf.start()
    assert swf.runs["video"] != first


def test_many_closed_executions_are_read_from_the_file(swf: Any) -> None:
    for number in range(40):
        swf.start(str(number))
        swf.decide(swf.complete(result=str(number)))
    for number in range(40):
        completed = swf.last("WorkflowExecutionCompleted", str(number))
        assert completed["result"] == str(number)
    assert len(swf.client._service._runs._by_number) == 0
