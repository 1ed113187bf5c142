"""Random workflows from end to end: on the service, with workers, and deciders that come and go."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swflow import Execution, Failure, WorkflowError, workflow
from swflow.testing import Environment, check
from tests.swflow.test_random_workflows import Node, nodes, run, step, undo, word

HOUR = timedelta(hours=1)

slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@workflow("Anything", version="1", task_list="flows", execution_timeout=HOUR)
async def anything(node: Node) -> Any:
    return await run(node)


def carry_out(
    node: Node,
    seed: int,
    *,
    sticky: bool = True,
    trouble: Callable[[Environment], None] = lambda _: None,
) -> tuple[str, list[Any]]:
    """What came of an execution, and its history; the same happens to it for the same seed."""
    random = Random(seed)  # noqa: S311
    with Environment(sticky=sticky) as env:
        for each in (step, undo):
            env.fail(each, Failure("oops"), times=random.randrange(3))
        execution = env.start(anything, node)
        for number in range(8):
            trouble(env)
            env.advance(seconds=random.randrange(9))
            if not execution.is_open():
                break
            if random.randrange(8) == 0:
                execution.cancel()
            else:
                execution.signal(word, f"word {number}")
        outcome, history = closed(execution), execution.history()
        check(anything, history)
        return outcome, history


def closed(execution: Execution[Any]) -> str:
    """How an execution closed, and with what."""
    try:
        return json.dumps(execution.result())
    except WorkflowError as error:
        return f"{type(error).__name__}: {error}"


def scheduled_twice(history: list[Any]) -> list[str]:
    ids = Counter(
        event["activityTaskScheduledEventAttributes"]["activityId"]
        for event in history
        if event["eventType"] == "ActivityTaskScheduled"
    )
    return [activity_id for activity_id, times in ids.items() if times > 1]


def kinds(history: list[Any]) -> list[str]:
    return [event["eventType"] for event in history]


@slowly
@given(node=nodes, seed=st.integers(0, 2**32), drops=st.randoms(use_true_random=False))
def test_it_makes_no_difference_what_a_decider_remembers(
    node: Node, seed: int, drops: Random
) -> None:
    def drop(env: Environment) -> None:
        if drops.randrange(2):
            env.restart_decider()

    outcome, history = carry_out(node, seed)
    replayed, replayed_history = carry_out(node, seed, sticky=False)
    dropped, dropped_history = carry_out(node, seed, trouble=drop)
    assert not scheduled_twice(history)
    assert kinds(history) == kinds(replayed_history) == kinds(dropped_history)
    if "recorded" not in repr(node):  # which gives something else every time
        assert outcome == replayed == dropped


@slowly
@given(node=nodes, seed=st.integers(0, 2**32), deaths=st.randoms(use_true_random=False))
def test_deciders_that_die_do_no_harm(node: Node, seed: int, deaths: Random) -> None:
    def die(env: Environment) -> None:
        if deaths.randrange(3) == 0:  # with a decision in hand, if there is one
            domain, flows = env.client.domain, {"name": "flows"}
            env.client.connection.swf.poll_for_decision_task(domain=domain, taskList=flows)

    _, history = carry_out(node, seed, sticky=False, trouble=die)
    assert not scheduled_twice(history)
    assert kinds(history)[-1].startswith("WorkflowExecution")
