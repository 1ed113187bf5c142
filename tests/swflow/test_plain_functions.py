"""A workflow may be a `def` function, which waits where it asks for a result."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from swflow import (
    ActivityFailed,
    Signal,
    SwflowError,
    activity,
    now,
    sleep,
    timer,
)
from tests.swflow.flows import Begin, flow, step


@activity("Join", version="1", task_list="steps")
def join(names: list[str]) -> str:
    return "".join(names)


def test_a_result_is_waited_for_where_it_is_asked_for(begin: Begin) -> None:
    @flow
    def parallel(names: list[str]) -> str:
        promises = [step(name) for name in names]
        last = step(promises[0].later)
        return "".join(each.result() for each in promises) + last.result()

    history = begin(parallel, ["a", "b"])
    assert history.scheduled() == [("1", "Step"), ("2", "Step")]
    history.complete("2", "B")
    assert history.asked() == []
    history.complete("1", "A")
    assert history.scheduled() == [("3", "Step")]
    history.complete("3", "C")
    assert history.result() == "ABC"


def test_functions_that_it_calls_wait_as_well(begin: Begin) -> None:
    def both(name: str) -> str:
        return step(step(name).result()).result()

    @flow
    def nested() -> list[str]:
        return [both(name) for name in "ab"]

    history = begin(nested)
    for activity_id, result in ("1", "a"), ("2", "aa"), ("3", "b"), ("4", "bb"):
        assert history.scheduled() == [(activity_id, "Step")]
        history.complete(activity_id, result)
    assert history.result() == ["aa", "bb"]


def test_a_failure_is_raised_where_the_result_is_asked_for(begin: Begin) -> None:
    @flow
    def careful() -> str:
        try:
            step("a").result()
        except ActivityFailed as error:
            return error.reason
        return "unexpected"

    history = begin(careful)
    history.decide()
    history.fail("1", "out of order")
    assert history.result() == "out of order"


def test_it_sleeps_by_a_durable_timer(begin: Begin) -> None:
    @flow
    def sleeping() -> float:
        before = now()
        sleep(timedelta(seconds=89.5))
        return (now() - before).total_seconds()

    history = begin(sleeping)
    (decision,) = history.decide()
    assert decision["startTimerDecisionAttributes"]["startToFireTimeout"] == "90"
    history.after(90)
    history.fire("1")
    assert history.result() == 90.0


def test_a_timer_is_a_promise(begin: Begin) -> None:
    @flow
    def patient() -> str:
        pause = timer(30)
        done = step("meanwhile").result()
        pause.result()
        return done

    history = begin(patient)
    assert history.asked() == ["StartTimer 1", "ScheduleActivityTask 2"]
    history.fire("1")
    assert history.asked() == []
    history.complete("2", "done")
    assert history.result() == "done"


def test_signals_are_received(begin: Begin) -> None:
    word = Signal("word", str)

    @flow
    def listening() -> str:
        return word.receive().result()

    history = begin(listening)
    history.decide()
    history.signal("word", "gnu")
    assert history.result() == "gnu"


def test_handlers_of_signals_may_wait(begin: Begin) -> None:
    word = Signal("word", str)

    @flow
    def listening() -> list[str]:
        heard = list[str]()
        word.on(lambda said: heard.append(step(said).result()))
        step("main").result()
        return heard

    history = begin(listening)
    history.signal("word", "a")
    assert history.scheduled() == [("1", "Step"), ("2", "Step")]
    history.complete("2", "A")
    history.decide()
    history.complete("1", "main")
    assert history.result() == ["A"]


def test_it_is_cancelled_where_it_waits_and_may_clean_up(begin: Begin) -> None:
    @flow
    def careful() -> str:
        try:
            return step("a").result()
        finally:
            step("clean").result()

    history = begin(careful)
    history.decide()
    history.request_cancel()
    assert history.asked() == ["RequestCancelActivityTask 1", "ScheduleActivityTask 2"]
    history.complete("2", "clean")
    assert history.asked() == ["CancelWorkflowExecution"]


def test_it_is_put_away_without_acting(begin: Begin) -> None:
    ended = list[str]()

    @flow
    def careful() -> None:
        try:
            step("a").result()
        finally:
            ended.append("began to clean up")
            step("clean").result()
            ended.append("cleaned up")

    history = begin(careful)
    history.decide()
    history.close()
    assert ended == ["began to clean up"]


def test_one_that_never_waits_completes_at_once(begin: Begin) -> None:
    @flow
    def quick(number: int) -> int:
        return number + 1

    assert begin(quick, 1).result() == 2


def test_many_wait_at_the_same_time(begin: Begin) -> None:
    @flow
    def one(name: str) -> str:
        return step(name).result()

    histories = {name: begin(one, name) for name in "abc"}
    for history in histories.values():
        history.decide()
    for name, history in reversed(histories.items()):
        history.complete("1", name * 2)
        assert history.result() == name * 2


@pytest.mark.parametrize("wait", [lambda: sleep(1), lambda: step("a").result()])
def test_an_async_workflow_awaits_instead(begin: Begin, wait: Callable[[], object]) -> None:
    @flow
    async def mistaken() -> None:
        wait()

    reason, _ = begin(mistaken).failure()
    assert reason.startswith(("SwflowError: swflow.sleep() is for `def`", "InvalidStateError"))


def test_outside_of_workflows_there_is_no_durable_sleep() -> None:
    with pytest.raises(SwflowError, match=r"swflow\.sleep\(\) is for `def` workflows"):
        sleep(1)
    assert asyncio.run(asyncio.sleep(0, "still works")) == "still works"
