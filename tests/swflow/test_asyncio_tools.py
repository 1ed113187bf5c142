"""asyncio's own tools, in workflows: each as it always is, and the same in every replay."""

import asyncio
from typing import Any

import pytest

from swflow import ActivityFailed
from tests.swflow.flows import Begin, flow, step


def test_gather_can_give_exceptions_as_results(begin: Begin) -> None:
    @flow
    async def both() -> list[str]:
        found = await asyncio.gather(step("a"), step("b"), return_exceptions=True)
        return [str(each) for each in found]

    history = begin(both)
    history.decide()
    history.fail("1", "no a")
    assert history.asked() == []
    history.complete("2", "B")
    assert history.result() == ["Step failed: no a", "B"]


def test_a_task_group_takes_activities_themselves(begin: Begin) -> None:
    @flow
    async def group() -> list[str]:
        async with asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(step(name)) for name in "ab"]  # type: ignore[arg-type]
        return [each.result() for each in made]

    history = begin(group)
    assert history.asked() == ["ScheduleActivityTask 1", "ScheduleActivityTask 2"]
    history.fail("2")
    assert history.asked() == ["RequestCancelActivityTask 1", "FailWorkflowExecution"]


def test_what_wait_leaves_is_given_up_in_the_order_it_was_begun(begin: Begin) -> None:
    names = "abcdefghijklmnopqrst"

    @flow
    async def race() -> list[str]:
        done, pending = await asyncio.wait(
            {asyncio.create_task(twice(name)) for name in names},
            return_when=asyncio.FIRST_COMPLETED,
        )
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return [each.result() for each in done]

    async def twice(name: str) -> str:
        return await step(await step(name))

    history = begin(race)
    history.decide()
    history.complete("5", "E")
    assert history.asked() == ["ScheduleActivityTask 21"]
    history.complete("21", "EE")
    asked = history.asked()
    assert asked[:-1] == [f"RequestCancelActivityTask {n}" for n in range(1, 21) if n != 5]
    assert asked[-1] == "CompleteWorkflowExecution"


def test_wait_gives_up_after_a_while(begin: Begin) -> None:
    @flow
    async def impatient() -> list[int]:
        done, pending = await asyncio.wait([step("a"), step("b")], timeout=10)
        return [len(done), len(pending)]

    history = begin(impatient)
    assert history.asked() == ["ScheduleActivityTask 1", "ScheduleActivityTask 2", "StartTimer 3"]
    history.complete("2", "b")
    assert history.asked() == []
    history.fire("3")
    assert history.result() == [1, 1]


def test_wait_for_gives_up_and_cancels(begin: Begin) -> None:
    @flow
    async def impatient() -> str:
        try:
            return await asyncio.wait_for(step("a"), 10)
        except TimeoutError:
            return "too slow"

    history = begin(impatient)
    assert sorted(history.asked()) == ["ScheduleActivityTask 1", "StartTimer 2"]
    history.fire("2")
    assert history.asked() == ["RequestCancelActivityTask 1", "CompleteWorkflowExecution"]


@pytest.mark.parametrize(("fired", "result"), [("1", "outer"), ("2", "inner")])
def test_timeouts_nest(begin: Begin, fired: str, result: str) -> None:
    @flow
    async def nested() -> str:
        try:
            async with asyncio.timeout(20):
                try:
                    async with asyncio.timeout(10):
                        return await step("a")
                except TimeoutError:
                    return "inner"
        except TimeoutError:
            return "outer"

    history = begin(nested)
    history.decide()
    history.fire(fired)
    asked = history.decide()
    assert asked[-1]["completeWorkflowExecutionDecisionAttributes"]["result"] == f'"{result}"'


def test_a_timeout_can_be_put_off(begin: Begin) -> None:
    @flow
    async def patient() -> str:
        async with asyncio.timeout(10) as limit:
            first = await step("a")
            limit.reschedule(asyncio.get_running_loop().time() + 60)
            return first + await step("b")

    history = begin(patient)
    history.decide()
    history.complete("2", "a")
    assert history.asked() == ["CancelTimer 1", "StartTimer 3", "ScheduleActivityTask 4"]
    history.complete("4", "b")
    assert history.result() == "ab"


def test_a_semaphore_bounds_what_runs_at_once(begin: Begin) -> None:
    @flow
    async def bounded() -> list[str]:
        room = asyncio.Semaphore(2)

        async def work(name: str) -> str:
            async with room:
                return await step(name)

        return await asyncio.gather(*map(work, "abcd"))

    history = begin(bounded)
    assert history.scheduled() == [("1", "Step"), ("2", "Step")]
    history.complete("2", "b")
    assert history.scheduled() == [("3", "Step")]
    history.complete("1", "a")
    assert history.scheduled() == [("4", "Step")]
    history.complete("4", "d")
    history.complete("3", "c")
    assert history.result() == ["a", "b", "c", "d"]


def test_conditions_and_barriers_work(begin: Begin) -> None:
    @flow
    async def meeting() -> list[str]:
        there, barrier, heard = asyncio.Condition(), asyncio.Barrier(2), list[str]()

        async def listen() -> None:
            async with there:
                await there.wait_for(lambda: heard)
            await barrier.wait()
            heard.append("listened")

        async def speak() -> None:
            async with there:
                heard.append(await step("hello"))
                there.notify_all()
            await barrier.wait()

        await asyncio.gather(listen(), speak())
        return heard

    history = begin(meeting)
    history.decide()
    history.complete("1", "hello")
    assert history.result() == ["hello", "listened"]


def test_async_generators_and_their_clean_up(begin: Begin) -> None:
    @flow
    async def streaming() -> list[str]:
        seen = list[str]()

        async def stream() -> Any:
            try:
                for name in "abc":
                    yield await step(name)
            finally:
                seen.append("closed")

        source = stream()
        async for each in source:
            seen.append(each)
            break
        await source.aclose()
        return seen

    history = begin(streaming)
    history.decide()
    history.complete("1", "a")
    assert history.result() == ["a", "closed"]


def test_a_group_tells_all_that_went_wrong(begin: Begin) -> None:
    @flow
    async def group() -> list[str]:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stubborn())
                tasks.create_task(failing())
        except* ActivityFailed as errors:
            found = sorted(str(each) for each in errors.exceptions)
        return found

    async def failing() -> None:
        await step("a")

    async def stubborn() -> None:
        try:
            await step("b")
        finally:
            await step("c")

    history = begin(group)
    history.decide()
    history.fail("2", "no a")
    assert history.asked() == ["RequestCancelActivityTask 1", "ScheduleActivityTask 3"]
    history.fail("3", "no c")
    assert history.result() == ["Step failed: no a", "Step failed: no c"]
