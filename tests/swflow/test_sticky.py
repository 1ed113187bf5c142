"""Deciders as processes that keep executions between their decisions."""

from collections.abc import Callable
from typing import Any

import pytest


def said(execution: Any, kind: str) -> list[dict[str, Any]]:
    key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    return [event[key] for event in execution.history() if event["eventType"] == kind]


def lists(execution: Any) -> list[str]:
    """Where the decision tasks of an execution went."""
    return [each["taskList"]["name"] for each in said(execution, "DecisionTaskScheduled")]


@pytest.fixture
def chain(cluster: Any) -> Callable[[int], Any]:
    cluster.worker()
    return lambda parts: cluster.start(cluster.films.chain, cluster.film, parts)


def test_an_execution_stays_with_its_decider(cluster: Any, chain: Callable[[int], Any]) -> None:
    cluster.decider()
    execution = chain(5)
    assert len(execution.result()) == 5
    first, *rest = lists(execution)
    assert first == "films"
    assert len(rest) == 5
    assert len(set(rest)) == 1
    assert rest[0].startswith("films-")
    told = said(execution, "DecisionTaskCompleted")
    assert [each.get("taskListScheduleToStartTimeout") for each in told] == ["10"] * 6


def test_every_decider_process_has_a_list_of_its_own(
    cluster: Any, chain: Callable[[int], Any]
) -> None:
    owned = set[str]()
    for _ in range(2):
        process = cluster.decider()
        execution = chain(1)
        execution.result()
        owned.add(lists(execution)[-1])
        process.terminate()
        assert process.wait() == 0
    assert len(owned) == 2


def test_without_a_cache_every_decision_comes_from_the_common_list(
    cluster: Any, chain: Callable[[int], Any]
) -> None:
    cluster.decider("--cache=0")
    execution = chain(3)
    assert len(execution.result()) == 3
    assert set(lists(execution)) == {"films"}


def test_more_executions_than_there_is_room_for(cluster: Any) -> None:
    cluster.decider("--cache=1")
    cluster.worker(processes=2)
    executions = [cluster.start(cluster.films.chain, cluster.film, 4) for _ in range(4)]
    assert [len(each.result()) for each in executions] == [4] * 4
    for each in executions:
        scheduled = said(each, "ActivityTaskScheduled")
        assert len({one["activityId"] for one in scheduled}) == len(scheduled) == 4


def test_a_decider_that_is_told_to_stop_gives_back_what_asks_it_for_something(
    cluster: Any, chain: Callable[[int], Any]
) -> None:
    first = cluster.decider()
    execution = chain(150)
    cluster.await_diary("cut 2")
    first.terminate()
    assert first.wait() == 0
    cluster.decider()
    assert len(execution.result()) == 150
    assert not said(execution, "DecisionTaskTimedOut")
    assert len(set(lists(execution))) == 3  # two processes' own, and the common one


def test_a_decider_that_is_started_again_by_its_name_goes_on_with_what_it_kept(
    cluster: Any, chain: Callable[[int], Any]
) -> None:
    first = cluster.decider("--name=ada")
    execution = chain(20)
    cluster.await_diary("cut 2")
    first.kill()
    first.wait()
    cluster.decider("--name=ada")
    assert len(execution.result()) == 20
    assert set(lists(execution)) == {"films", "films-ada"}
    timed_out = said(execution, "DecisionTaskTimedOut")
    assert "SCHEDULE_TO_START" not in [each["timeoutType"] for each in timed_out]


@pytest.mark.slow
def test_when_a_decider_is_killed_the_common_list_has_its_executions_after_ten_seconds(
    cluster: Any, chain: Callable[[int], Any]
) -> None:
    first = cluster.decider()
    execution = chain(150)
    cluster.await_diary("cut 2")
    first.kill()
    cluster.decider()
    assert len(execution.result()) == 150
    (timed_out,) = said(execution, "DecisionTaskTimedOut")
    assert timed_out["timeoutType"] in ("SCHEDULE_TO_START", "START_TO_CLOSE")
    assert cluster.diary() == [f"cut {part}" for part in range(150)]
