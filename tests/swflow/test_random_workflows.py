"""Whatever a workflow does and whatever happens to it: a replay does the same."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swflow import (
    ActivityError,
    ChildError,
    Retry,
    Saga,
    Signal,
    activity,
    attempt,
    cached,
    continue_as_new,
    now,
    patched,
    random,
    uuid4,
    workflow,
)
from swflow.execution.suspending import call_suspendable
from tests.swflow.flows import step
from tests.swflow.world import World

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

word = Signal("word", str)
calls = iter(range(10**9))


@activity("Undo", version="1", task_list="steps", retry=Retry(failures=9, timeouts=(1,) * 9))
def undo(name: str) -> str:
    return name


@workflow("Child", version="1", task_list="flows", execution_timeout=HOUR)
async def child(name: str) -> str:
    return name


@cached
def look() -> int:
    return next(calls)


@dataclass(frozen=True)
class Node:
    """A part of a workflow: what it does, and the parts that it does it with."""

    kind: str
    parts: tuple["Node", ...] = ()


Result: TypeAlias = Any


async def run(node: Node) -> Result:
    return await _KINDS[node.kind](*node.parts)


async def one() -> Result:
    return await step(f"at {now():%M:%S}")


async def retried() -> Result:
    retry = Retry(failures=2, timeouts=(2,), backoff=3 * SECOND)
    return await step.options(retry=retry)("retried")


async def sleep() -> Result:
    await asyncio.sleep(7)


async def plain() -> Result:
    def chain() -> str:
        first = step("plain")
        return step(first.result()).result()

    return await call_suspendable(chain, [], {})


async def promised() -> Result:
    return await step(step("first").later)


async def born() -> Result:
    return await child("x")


async def tried() -> Result:
    outcome = await attempt(step("tried"))
    return [outcome.value, str(outcome.error)]


async def recorded() -> Result:
    return [look(), str(uuid4()), random().random(), patched("a change")]


async def receive() -> Result:
    return await word.receive()


async def handle() -> Result:
    word.on(lambda said: step(said).result())


async def sequence(*parts: Node) -> Result:
    return [await run(part) for part in parts]


async def gather(*parts: Node) -> Result:
    found = await asyncio.gather(*map(run, parts), return_exceptions=True)
    return [str(each) for each in found]


async def group(*parts: Node) -> Result:
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(run(part)) for part in parts]
    return [each.result() for each in made]


async def first(*parts: Node) -> Result:
    tasks = [asyncio.ensure_future(run(part)) for part in parts]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return [str(each.exception()) for each in done if not each.cancelled()]


async def as_completed(*parts: Node) -> Result:
    tasks = [asyncio.create_task(run(part)) for part in parts]
    return [await each for each in asyncio.as_completed(tasks)]


async def hurry(*parts: Node) -> Result:
    try:
        async with asyncio.timeout(5):
            return await sequence(*parts)
    except TimeoutError:
        return "too late"


async def careful(*parts: Node) -> Result:
    try:
        return await sequence(*parts)
    except (ActivityError, ChildError) as error:
        return type(error).__name__
    finally:
        await undo("in the end")


async def saga(*parts: Node) -> Result:
    async with Saga() as steps:
        for number, part in enumerate(parts):
            steps.add(undo, f"part {number}")
            await run(part)


async def bounded(*parts: Node) -> Result:
    room, queue = asyncio.Semaphore(2), asyncio.Queue[Result]()

    async def work(part: Node) -> None:
        async with room:
            queue.put_nowait(await run(part))

    await asyncio.gather(*map(work, parts))
    return [queue.get_nowait() for _ in parts]


_LEAVES = [one, retried, sleep, plain, promised, born, tried, recorded, receive, handle]
_BRANCHES = [sequence, gather, group, first, as_completed, hurry, careful, saga, bounded]
_KINDS: dict[str, Any] = {each.__name__: each for each in [*_LEAVES, *_BRANCHES]}

leaves = st.sampled_from(_LEAVES).map(lambda kind: Node(kind.__name__))
nodes = st.recursive(
    leaves,
    lambda parts: st.builds(
        lambda kind, inner: Node(kind.__name__, tuple(inner)),
        st.sampled_from(_BRANCHES),
        st.lists(parts, min_size=1, max_size=4),
    ),
    max_leaves=8,
)


@workflow("Random", version="1", task_list="flows", execution_timeout=HOUR)
async def anything(node: Node, rounds: int) -> Result:
    result = await run(node)
    if rounds:
        continue_as_new(node, rounds - 1)
    return result


CLOSING = {
    "CompleteWorkflowExecution",
    "FailWorkflowExecution",
    "CancelWorkflowExecution",
    "ContinueAsNewWorkflowExecution",
}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=nodes, rounds=st.integers(0, 1), seed=st.integers(0, 2**32))
def test_what_is_kept_and_what_is_replayed_do_the_same(node: Node, rounds: int, seed: int) -> None:
    world = World(anything, Random(seed).randrange, node, rounds)  # noqa: S311
    closed_by = world.run()
    assert closed_by["decisionType"] in CLOSING
    assert len(set(world.scheduled)) == len(world.scheduled)
