"""Histories as people read them."""

import asyncio
from datetime import timedelta
from typing import Any

from swflow import Retry, Saga, Signal, activity, marker, workflow
from swflow.tools.timeline import Step, Timeline, timeline
from tests.swflow.flows import Begin
from tests.swflow.handwritten import History

SECOND = timedelta(seconds=1)
word = Signal("word", str)


@activity(version="1", task_list="x", retry=Retry(failures=1, backoff=SECOND))
def lift(weight: int) -> int: ...


@activity(version="1", task_list="x")
def put_down(weight: int) -> None: ...


@workflow("Child", version="2", task_list="x", execution_timeout=60 * SECOND)
async def child() -> None: ...


@workflow("Train", version="1", task_list="x", execution_timeout=60 * SECOND)
async def train(weight: int) -> str:
    async with Saga() as saga:
        saga.add(put_down, weight)
        await lift(weight)
    marker("lifted", weight)
    await asyncio.sleep(5)
    await child.options(workflow_id="the-child")()
    return await word.receive()


def read(history: History) -> Timeline:
    kind = {"workflowType": {"name": "Train", "version": "1"}}
    first, *rest = history.events
    key = "workflowExecutionStartedEventAttributes"
    return timeline([first | {key: first[key] | kind}, *rest])


def shapes(line: Timeline) -> list[tuple[str, str, str, str]]:
    return [(step.kind, step.name, step.outcome, step.said) for step in line.steps]


def only(line: Timeline, kind: str) -> Step:
    (found,) = (step for step in line.steps if step.kind == kind)
    return found


def test_attempts_waits_and_what_came_of_them(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    history.decide()
    history.fail("1", "too heavy")
    history.decide()
    history.fire("1.2")
    history.decide()
    history.complete("1.2", 7)
    assert shapes(read(history)) == [
        ("activity", "lift", "failed", "too heavy"),
        ("timer", "wait before attempt 2 of lift", "fired", ""),
        ("activity", "lift", "completed", "7"),
    ]
    assert [step.attempt for step in read(history).steps] == [1, 1, 2]


def test_how_long_a_task_waited_and_how_long_it_took(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    history.decide()
    (step,) = read(history).steps
    assert (step.outcome, step.waited, step.took, step.is_pending) == ("waiting", None, None, True)
    history.after(3)
    scheduled = history.events[-1]["eventId"]
    history.add("ActivityTaskStarted", scheduledEventId=scheduled)
    (step,) = read(history).steps
    assert (step.outcome, step.waited, step.took) == ("running", 3 * SECOND, None)
    history.after(4)
    history.add(
        "ActivityTaskCompleted",
        scheduledEventId=scheduled,
        startedEventId=scheduled + 1,
        result="7",
    )
    (step,) = read(history).steps
    assert (step.outcome, step.waited, step.took) == ("completed", 3 * SECOND, 4 * SECOND)


def test_what_is_open_when_it_closes_was_given_up(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    history.decide()
    history.add("WorkflowExecutionTerminated", reason="enough")
    (step,) = read(history).steps
    assert (step.outcome, step.is_pending) == ("given up", False)


def test_markers_timers_children_and_signals(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    history.decide()
    history.complete("1", 7)
    history.decide()
    assert (only(read(history), "timer").name, only(read(history), "marker").said) == (
        "timer of 5 s",
        "7",
    )
    history.after(5)
    history.fire(only(read(history), "timer").id)
    history.decide()
    history.start_child("the-child")
    step = only(read(history), "child")
    assert (step.name, step.id, step.outcome) == ("Child", "the-child", "running")
    history.child("the-child", "Completed")
    assert only(read(history), "timer").took == 5 * SECOND
    assert only(read(history), "child").outcome == "completed"
    history.signal("word", "heave")
    assert only(read(history), "signal").said == '"heave"'


def test_how_it_closed(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    assert (read(history).outcome, read(history).ended) == ("open", None)
    history.after(9)
    history.add("WorkflowExecutionFailed", reason="tired", details='{"retry":false}')
    line = read(history)
    assert (line.outcome, line.said) == ("failed", "tired (not to be tried again)")
    assert line.ended is not None
    assert line.ended - line.begun == 9 * SECOND
    assert not line.is_good


def test_what_went_wrong_beside_the_steps(begin_replayed: Begin) -> None:
    history = begin_replayed(train, 7)
    history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE", scheduledEventId=2)
    history.add("MarkerRecorded", markerName="swflow.parked", details="unknown type")
    history.add("TimerStarted", timerId="swflow.parked.4", startToFireTimeout="60")
    history.add("StartTimerFailed", timerId="1", cause="OPEN_TIMERS_LIMIT_EXCEEDED")
    history.add("WorkflowExecutionCancelRequested", cause="CHILD_POLICY_APPLIED")
    assert shapes(read(history)) == [
        ("decision", "decision", "timed out", "START_TO_CLOSE"),
        ("problem", "set aside", "failed", "unknown type"),
        ("problem", "StartTimer", "failed", "OPEN_TIMERS_LIMIT_EXCEEDED"),
        ("request", "request to cancel it", "received", "CHILD_POLICY_APPLIED"),
    ]


def test_every_way_a_step_can_end(begin_replayed: Begin) -> None:
    ends: list[tuple[str, dict[str, Any], str]] = [
        ("ActivityTaskTimedOut", {"timeoutType": "HEARTBEAT"}, "timed out"),
        ("ActivityTaskCanceled", {}, "cancelled"),
    ]
    for event, says, outcome in ends:
        history = begin_replayed(train, 7)
        history.decide()
        history.add(event, scheduledEventId=history.events[-1]["eventId"], **says)
        assert only(read(history), "activity").outcome == outcome
