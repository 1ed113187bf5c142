"""Every change of a workflow's code that its history does not bear is found, with both sides."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from swflow import (
    NonDeterminismError,
    Signal,
    activity,
    cached,
    continue_as_new,
    external,
    marker,
    patched,
    timer,
    uuid4,
    workflow,
)
from tests.swflow.flows import step

HOUR = timedelta(hours=1)

word = Signal("word", str)

Code = Callable[[], Awaitable[object]]


@activity("Leap", version="1", task_list="steps")
def leap(name: str) -> str:
    return name


@workflow("Ship", version="1", task_list="flows", execution_timeout=HOUR)
async def ship(order: str) -> str:
    return order


@workflow("Fly", version="1", task_list="flows", execution_timeout=HOUR)
async def fly(order: str) -> str:
    return order


@cached
def look(name: str) -> str:
    return name


async def one_step() -> None:
    await step("a")


async def a_renamed_step() -> None:
    await leap("a")


async def another_argument() -> None:
    await step("b")


async def nothing() -> None:
    await asyncio.Event().wait()


async def a_child() -> None:
    await ship.options(workflow_id="s")("books")


async def a_child_of_another_type() -> None:
    await fly.options(workflow_id="s")("books")


async def a_child_of_another_id() -> None:
    await ship.options(workflow_id="t")("books")


async def a_child_with_another_argument() -> None:
    await ship.options(workflow_id="s")("pens")


async def a_timer() -> None:
    await timer(30)


async def a_longer_timer() -> None:
    await timer(31)


async def a_signal() -> None:
    await external("other").signal(word, "a")


async def another_signal() -> None:
    await external("other").signal(word, "b")


async def a_signal_for_another() -> None:
    await external("third").signal(word, "a")


async def a_request_to_cancel() -> None:
    await external("other").cancel()


async def a_look() -> None:
    look("a")
    await step("a")


async def a_random_id() -> None:
    uuid4()
    await step("a")


async def a_marker() -> None:
    marker("half", 1)
    await step("a")


async def a_marker_of_another_name() -> None:
    marker("whole", 1)
    await step("a")


async def a_marker_with_other_details() -> None:
    marker("half", 2)
    await step("a")


async def two_steps() -> None:
    await asyncio.gather(step("a"), step("b"))


async def two_steps_the_other_way_round() -> None:
    await asyncio.gather(step("b"), step("a"))


async def a_new_way() -> None:
    await step("b" if patched("b") else "a")


async def a_new_way_without_asking() -> None:
    await step("a")


async def the_end() -> None: ...


async def going_on() -> None:
    continue_as_new()


STEP = 'ScheduleActivityTask Step (1) with {"args":["a"],"kwargs":{}}'
STEP_B = 'ScheduleActivityTask Step (1) with {"args":["b"],"kwargs":{}}'
CHILD = 'StartChildWorkflowExecution Ship (s) with {"args":["books"],"kwargs":{}}'
TIMER = "StartTimer (1) of 30 s"
SIGNAL = 'SignalExternalWorkflowExecution word (other) with "a"'


@pytest.mark.parametrize(
    ("before", "after", "expected", "actual"),
    [
        (one_step, another_argument, STEP, STEP_B),
        (one_step, a_renamed_step, STEP, STEP.replace("Step", "Leap")),
        (one_step, nothing, STEP, None),
        (one_step, the_end, STEP, "CompleteWorkflowExecution"),
        (one_step, a_timer, STEP, TIMER),
        (one_step, a_child, STEP, CHILD),
        (nothing, one_step, None, STEP),
        (a_child, a_child_of_another_type, CHILD, CHILD.replace("Ship", "Fly")),
        (a_child, a_child_of_another_id, CHILD, CHILD.replace("(s)", "(t)")),
        (a_child, a_child_with_another_argument, CHILD, CHILD.replace("books", "pens")),
        (a_timer, a_longer_timer, TIMER, "StartTimer (1) of 31 s"),
        (a_signal, another_signal, SIGNAL, SIGNAL.replace('"a"', '"b"')),
        (a_signal, a_signal_for_another, SIGNAL, SIGNAL.replace("other", "third")),
        (
            a_signal,
            a_request_to_cancel,
            SIGNAL,
            "RequestCancelExternalWorkflowExecution (other)",
        ),
        (one_step, a_look, STEP, "RecordMarker swflow.cached with look, call 1"),
        (one_step, a_random_id, STEP, "RecordMarker swflow.cached with random, call 1"),
        (
            a_look,
            one_step,
            'RecordMarker swflow.cached with {"call":1,"name":"look","result":"\\"a\\""}',
            STEP,
        ),
        (
            a_marker,
            a_marker_of_another_name,
            "RecordMarker half with 1",
            "RecordMarker whole with 1",
        ),
        (
            a_marker,
            a_marker_with_other_details,
            "RecordMarker half with 1",
            "RecordMarker half with 2",
        ),
        (two_steps, two_steps_the_other_way_round, STEP, STEP_B),
        (one_step, two_steps, None, STEP_B.replace("(1)", "(2)")),
        (two_steps, one_step, STEP_B.replace("(1)", "(2)"), None),
        (a_new_way, a_new_way_without_asking, STEP_B, STEP),
        (going_on, the_end, "ContinueAsNewWorkflowExecution", "CompleteWorkflowExecution"),
        (the_end, going_on, "CompleteWorkflowExecution", "ContinueAsNewWorkflowExecution"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_change_that_the_history_does_not_bear(
    begin_replayed: Callable[..., Any],
    before: Code,
    after: Code,
    expected: str | None,
    actual: str | None,
) -> None:
    code = [before]

    @workflow(version="1", task_list="flows", execution_timeout=HOUR)
    async def changing() -> None:
        await code[0]()

    history = begin_replayed(changing)
    history.decide()
    code[0] = after
    history.begin_decision()
    with pytest.raises(NonDeterminismError) as caught:
        history.decisions()
    assert (caught.value.expected, caught.value.actual) == (expected, actual)
    assert f"event {caught.value.event_id}" in str(caught.value)
    for side in (expected, actual):
        assert (side or "nothing more") in str(caught.value)


def test_the_first_difference_is_named(begin_replayed: Callable[..., Any]) -> None:
    names = ["a", "b"]

    @workflow(version="1", task_list="flows", execution_timeout=HOUR)
    async def changing() -> None:
        for name in names:
            await step(name)

    history = begin_replayed(changing)
    history.decide()
    history.complete("1", "a")
    history.decide()
    names.reverse()
    history.begin_decision()
    with pytest.raises(NonDeterminismError) as caught:
        history.decisions()
    assert caught.value.event_id == 5
    assert (caught.value.expected, caught.value.actual) == (STEP, STEP_B)
