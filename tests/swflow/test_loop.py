"""asyncio in a workflow means what it always means, and does the same in every replay."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from swflow import ActivityFailed
from tests.swflow.flows import Begin, flow, step


def timers(decisions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    found = [each.get("startTimerDecisionAttributes") for each in decisions]
    return [(each["timerId"], each["startToFireTimeout"]) for each in found if each]


def test_sleep_is_a_durable_timer(begin: Begin) -> None:
    @flow
    async def sleeping() -> str:
        await asyncio.sleep(30)
        return "awake"

    history = begin(sleeping)
    assert timers(history.decide()) == [("1", "30")]
    history.after(30.004)
    history.fire("1")
    assert history.result() == "awake"


@pytest.mark.parametrize(("asked", "whole"), [(0.2, "1"), (3, "3"), (61.001, "62")])
def test_a_timer_is_never_early(begin: Begin, asked: float, whole: str) -> None:
    @flow
    async def sleeping() -> None:
        await step("first")
        await asyncio.sleep(asked)

    history = begin(sleeping)
    history.decide()
    history.after(1.009)  # as floats, 1.009 + 3 - 1.009 is more than 3
    history.complete("1", "done")
    assert timers(history.decide()) == [("2", whole)]


def test_sleep_zero_is_no_timer(begin: Begin) -> None:
    @flow
    async def yielding() -> str:
        await asyncio.sleep(0)
        return "done"

    assert begin(yielding).result() == "done"


def test_time_moves_with_the_history_only(begin: Begin) -> None:
    @flow
    async def clock() -> list[float]:
        loop = asyncio.get_running_loop()
        first = loop.time()
        await step("wait")
        return [first, loop.time()]

    history = begin(clock)
    history.decide()
    history.after(7.5)
    history.complete("1", "done")
    assert history.result() == [0.0, 7.5]


def test_timeout_gives_up_on_what_takes_too_long(begin: Begin) -> None:
    @flow
    async def impatient() -> str:
        try:
            async with asyncio.timeout(10):
                return await step("slow")
        except TimeoutError:
            return "too slow"

    history = begin(impatient)
    assert timers(history.decide()) == [("1", "10")]
    history.after(10)
    history.fire("1")
    assert history.result() == "too slow"


def test_what_comes_after_it_was_given_up_changes_nothing(begin: Begin) -> None:
    @flow
    async def impatient() -> str:
        try:
            async with asyncio.timeout(10):
                await step("slow")
        except TimeoutError:
            return await step("instead")
        return "unexpected"

    history = begin(impatient)
    history.decide()
    history.fire("1")
    assert history.scheduled() == [("3", "Step")]
    history.complete("2", "late")
    assert history.decide() == []
    history.complete("3", "in time")
    assert history.result() == "in time"


def test_a_timer_that_nobody_waits_for_any_more_is_cancelled(begin: Begin) -> None:
    @flow
    async def quick() -> str:
        async with asyncio.timeout(10):
            await step("quick")
        return await step("next")

    history = begin(quick)
    history.decide()
    history.complete("2", "done")
    assert history.asked() == ["CancelTimer 1", "ScheduleActivityTask 3"]
    history.complete("3", "done")
    assert history.result() == "done"


def test_a_timer_cancelled_in_the_same_decision_is_never_started(begin: Begin) -> None:
    @flow
    async def hasty() -> str:
        asyncio.get_running_loop().call_later(10, print).cancel()
        return await step("on")

    history = begin(hasty)
    assert [each["decisionType"] for each in history.decide()] == ["ScheduleActivityTask"]


def test_a_timer_that_cannot_be_started_fails_the_execution(begin: Begin) -> None:
    @flow
    async def sleeping() -> None:
        await asyncio.sleep(30)

    history = begin(sleeping)
    history.begin_decision()
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    cause = {"timerId": "1", "cause": "OPEN_TIMERS_LIMIT_EXCEEDED"}
    history.add("StartTimerFailed", decisionTaskCompletedEventId=completed, **cause)
    reason, _ = history.failure()
    assert "OPEN_TIMERS_LIMIT_EXCEEDED" in reason


def test_a_task_group_runs_its_tasks_in_parallel(begin: Begin) -> None:
    @flow
    async def group() -> list[str]:
        async with asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(chain(name)) for name in "ab"]
        return [each.result() for each in made]

    async def chain(name: str) -> str:
        return await step(await step(name) + "!")

    history = begin(group)
    assert history.scheduled() == [("1", "Step"), ("2", "Step")]
    history.complete("2", "b")
    assert history.scheduled() == [("3", "Step")]
    history.complete("1", "a")
    history.complete("3", "b!")
    assert history.scheduled() == [("4", "Step")]
    history.complete("4", "a!")
    assert history.result() == ["a!", "b!"]


def test_a_task_group_cleans_up_in_the_same_order_every_time(begin: Begin) -> None:
    names = "abcdefghijklmnop"

    @flow
    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(guarded(name))

    async def guarded(name: str) -> None:
        try:
            await step(name)
        except asyncio.CancelledError:
            await step(f"undo {name}")
            raise

    history = begin(group)
    history.decide()
    history.fail("3")
    decisions = history.decide()
    cancelled = [each["decisionType"] == "RequestCancelActivityTask" for each in decisions]
    assert cancelled == [True] * 15 + [False] * 15
    undone = [each["scheduleActivityTaskDecisionAttributes"]["input"] for each in decisions[15:]]
    assert undone == [f'{{"args":["undo {name}"],"kwargs":{{}}}}' for name in names if name != "c"]
    for activity_id in range(17, 17 + len(undone)):
        history.complete(str(activity_id), "undone")
    reason, _ = history.failure()
    assert reason == "Step failed: oops"


def test_wait_returns_with_the_first(begin: Begin) -> None:
    @flow
    async def race() -> list[str]:
        promises = [step("a"), step("b"), step("c")]
        done, pending = await asyncio.wait(promises, return_when=asyncio.FIRST_COMPLETED)
        return [*[each.result() for each in done], str(len(pending))]

    history = begin(race)
    history.decide()
    history.complete("2", "b")
    history.complete("3", "c")
    # The code is told one thing at a time: nothing is decided by what came in the same batch.
    assert history.result() == ["b", "2"]


def test_as_completed_gives_each_as_it_comes(begin: Begin) -> None:
    @flow
    async def race() -> list[str]:
        tasks = [step("a"), asyncio.create_task(twice("b")), step("c")]
        return [await each for each in asyncio.as_completed(tasks)]

    async def twice(name: str) -> str:
        return await step(await step(name))

    history = begin(race)
    assert history.scheduled() == [("1", "Step"), ("2", "Step"), ("3", "Step")]
    for activity_id in "3", "2":
        history.complete(activity_id, activity_id)
        history.decide()
    history.complete("1", "1")
    history.decide()
    history.complete("4", "4")
    assert history.result() == ["2", "1", "4"]  # 3 is the first of the two of "b"


def test_as_completed_of_coroutines_would_start_them_in_any_order(begin: Begin) -> None:
    @flow
    async def race() -> None:
        async def one() -> None: ...

        await asyncio.create_task(one())
        for each in asyncio.as_completed([one()]):
            await each

    reason, _ = begin(race).failure()
    assert "as_completed() starts coroutines in any order" in reason
    assert "asyncio.create_task()" in reason


def test_queues_events_and_locks_work(begin: Begin) -> None:
    @flow
    async def workshop() -> list[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        ready, lock, made = asyncio.Event(), asyncio.Lock(), list[str]()

        async def consume() -> None:
            ready.set()
            while (item := await queue.get()) != "end":
                async with lock:
                    made.append(await step(item))

        task = asyncio.create_task(consume())
        await ready.wait()
        for item in ("a", "b", "end"):
            queue.put_nowait(item)
        await task
        return made

    history = begin(workshop)
    history.decide()
    history.complete("1", "A")
    history.decide()
    history.complete("2", "B")
    assert history.result() == ["A", "B"]


def test_gather_raises_the_first_failure(begin: Begin) -> None:
    @flow
    async def both() -> str:
        try:
            await asyncio.gather(step("a"), step("b"))
        except ActivityFailed as error:
            return error.reason
        return "unexpected"

    history = begin(both)
    history.decide()
    history.fail("2", "b is out")
    assert history.result() == "b is out"


def test_a_workflow_runs_inside_a_program_with_a_loop_of_its_own(begin_replayed: Begin) -> None:
    @flow
    async def inner() -> str:
        return await step("in")

    async def outer() -> bool:
        mine = asyncio.get_running_loop()
        begin_replayed(inner).decide()
        await asyncio.sleep(0)
        return asyncio.get_running_loop() is mine

    assert asyncio.run(outer())


def test_an_activity_called_outside_a_workflow_just_runs() -> None:
    assert step("here") == "here"  # type: ignore[comparison-overlap]


def test_an_activity_called_on_another_thread_just_runs(begin: Begin) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(step, "here").result() == "here"  # its thread is there now

        @flow
        async def threaded() -> str:
            return str(pool.submit(step, "there").result())

        assert begin(threaded).result() == "there"


def test_promises_know_their_order(begin: Begin) -> None:
    @flow
    async def making() -> list[int]:
        made = [asyncio.get_running_loop().create_future() for _ in range(3)]
        return [hash(each) - hash(made[0]) for each in made]

    assert begin(making).result() == [0, 1, 2]
