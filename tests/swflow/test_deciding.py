"""What a decider does with a decision task: with what it keeps, or with the whole history."""

import gc
import logging
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swflow import activity, sleep, workflow
from swflow.deciders.deciding import Deciding
from tests.swflow.deciders import Service, begun, decider, refused
from tests.swflow.handwritten import History
from tests.swflow.test_random_workflows import Node, anything, nodes
from tests.swflow.world import Choose, World

HOUR = timedelta(hours=1)
closed: list[str] = []


@activity(version="1", task_list="films", start_to_close=HOUR)
def cut(part: int) -> str:
    raise AssertionError(part)


@workflow(version="1", task_list="films", execution_timeout=HOUR)
async def film(parts: int) -> int:
    try:
        for part in range(parts):
            await cut(part)
    finally:
        closed.append("film")
    return parts


@workflow(version="1", task_list="films", execution_timeout=HOUR)
def plain(parts: int) -> int:
    for part in range(parts):
        cut(part).result()
    return parts


@pytest.fixture(autouse=True)
def close_deciders() -> Iterator[None]:
    yield
    while begun:
        begun.pop().close()


@pytest.fixture(params=[film, plain], ids=["async def", "def"])
def service(request: pytest.FixtureRequest) -> Service:
    closed.clear()
    return Service(History(request.param, 3))


def scheduled(decisions: list[dict[str, Any]] | None) -> list[str]:
    return [
        each["scheduleActivityTaskDecisionAttributes"]["activityId"] for each in decisions or []
    ]


def decide(service: Service, by: Deciding, *, own: bool) -> list[str]:
    """One decision, and what becomes of the activity that it schedules."""
    service.history.begin_decision()
    decisions = service.decide(by, own=own)
    assert decisions is not None
    service.history.complete_decision(decisions)
    ids = scheduled([each for each in decisions if each["decisionType"].startswith("Sched")])
    service.history.after(1)
    for each in ids:
        service.history.complete(each, "done")
    return ids


def test_an_execution_that_is_kept_needs_only_what_is_new(service: Service) -> None:
    own = decider(service.history.workflow)
    assert decide(service, own, own=False) == ["1"]
    for expected in (["2"], ["3"], []):
        assert decide(service, own, own=True) == expected
        assert service.calls == ["RespondDecisionTaskCompleted"]


def test_the_next_task_may_come_before_the_word_that_the_answer_was_taken(
    service: Service,
) -> None:
    own, history = decider(service.history.workflow), service.history

    def go_on() -> None:
        decisions = service.answers[-1]["decisions"]
        history.complete_decision(decisions)
        history.after(1)
        history.complete(*scheduled(decisions), "done")
        assert decide(service, own, own=True) == ["2"]
        assert service.calls == ["RespondDecisionTaskCompleted"]

    service.meanwhile.append(go_on)
    history.begin_decision()
    service.decide(own, own=False)
    assert own.kept == 1
    assert decide(service, own, own=True) == ["3"]
    assert service.calls == ["RespondDecisionTaskCompleted"]


def test_its_next_decision_is_asked_for_on_the_deciders_own_list_for_ten_seconds(
    service: Service,
) -> None:
    decide(service, decider(service.history.workflow, "mine"), own=False)
    (answer,) = service.answers
    assert answer["taskList"] == {"name": "mine"}
    assert answer["taskListScheduleToStartTimeout"] == "10"


def test_without_a_cache_every_decision_replays_and_nothing_is_said_of_lists(
    service: Service,
) -> None:
    bare = decider(service.history.workflow, keep=0)
    for expected in (["1"], ["2"], ["3"], []):
        assert decide(service, bare, own=False) == expected
    assert not any("taskList" in each for each in service.answers)


def test_what_is_kept_is_of_use_on_the_common_list_too(service: Service) -> None:
    own = decider(service.history.workflow)
    decide(service, own, own=False)
    service.history.begin_decision()
    service.history.add("DecisionTaskTimedOut", timeoutType="SCHEDULE_TO_START")
    service.history.events.pop(-2)  # it was never begun
    for number, event in enumerate(service.history.events, 1):
        event["eventId"] = number
    assert decide(service, own, own=False) == ["2"]
    assert "GetWorkflowExecutionHistory" in service.calls  # more than a small page is new
    assert decide(service, own, own=True) == ["3"]


def test_of_two_deciders_that_fight_over_an_execution_both_are_right(service: Service) -> None:
    one, other = decider(service.history.workflow), decider(service.history.workflow)
    assert decide(service, one, own=False) == ["1"]
    assert decide(service, other, own=False) == ["2"]
    assert decide(service, one, own=True) == ["3"]  # what it kept is out of date
    assert "GetWorkflowExecutionHistory" in service.calls
    assert decide(service, other, own=True) == []


def test_an_answer_that_came_too_late_is_forgotten(service: Service) -> None:
    own = decider(service.history.workflow)
    decide(service, own, own=False)
    service.refusals = [refused("UnknownResourceFault")]
    service.history.begin_decision()
    assert service.decide(own, own=True) is None
    assert service.calls == ["RespondDecisionTaskCompleted"]
    service.history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE")
    assert decide(service, own, own=False) == ["2"]


def test_decisions_that_are_refused_set_the_execution_aside(service: Service) -> None:
    own = decider(service.history.workflow)
    decide(service, own, own=False)
    service.refusals = [refused("ValidationException")]
    service.history.begin_decision()
    decisions = service.decide(own, own=True)
    assert decisions is not None
    assert [each["decisionType"] for each in decisions] == ["RecordMarker", "StartTimer"]
    assert "taskList" not in service.answers[-1]
    service.history.complete_decision(decisions)
    assert decide(service, own, own=True) == ["2"]  # replayed
    assert "GetWorkflowExecutionHistory" in service.calls


def test_an_execution_whose_code_and_history_differ_is_set_aside_and_dropped(
    service: Service,
) -> None:
    own = decider(service.history.workflow)
    decide(service, own, own=False)
    says = next(
        each for each in service.history.events if each["eventType"] == "ActivityTaskScheduled"
    )["activityTaskScheduledEventAttributes"]
    was, says["activityId"] = says["activityId"], "another"
    service.history.begin_decision()
    decisions = service.decide(own, own=True)
    assert decisions is not None
    assert decisions[0]["recordMarkerDecisionAttributes"]["markerName"] == "swflow.parked"
    service.history.complete_decision(decisions)
    says["activityId"] = was
    assert decide(service, own, own=True) == ["2"]


def test_a_type_that_is_not_served_is_set_aside(service: Service) -> None:
    @workflow(version="1", task_list="films", execution_timeout=HOUR)
    async def other() -> None:
        await sleep(1)

    service.history.begin_decision()
    decisions = service.decide(decider(other), own=False)
    assert decisions is not None
    details = decisions[0]["recordMarkerDecisionAttributes"]["details"]
    assert "is not served here; this decider serves other 1" in details


def test_a_history_that_amazon_does_not_show_yet_is_asked_for_again(service: Service) -> None:
    bare = decider(service.history.workflow, keep=0)
    decide(service, bare, own=False)
    decide(service, bare, own=False)
    service.behind = [len(service.history.events), len(service.history.events) - 2]
    assert decide(service, bare, own=False) == ["3"]
    assert service.calls.count("GetWorkflowExecutionHistory") > 3


def test_a_history_that_never_comes_is_left_to_time_out(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    bare = decider(service.history.workflow, keep=0)
    decide(service, bare, own=False)
    decide(service, bare, own=False)
    service.behind = [len(service.history.events)] * 100
    service.history.begin_decision()
    assert service.decide(bare, own=False) is None
    assert "could not read the history" in caplog.text


def test_a_line_about_a_decision_says_which_execution_it_is_of(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "swflow")
    by = decider(service.history.workflow)
    decide(service, by, own=False)
    (line,) = (each for each in caplog.records if each.getMessage().startswith("decided"))
    said = vars(line)
    assert said["type"] == f"{service.history.workflow.name} 1"
    assert (said["domain"], said["workflowId"], said["runId"]) == ("films", "the-id", "the-run")
    assert said["duration"] >= 0


def test_the_execution_that_was_not_used_for_the_longest_time_is_put_away() -> None:
    closed.clear()
    own = decider(film, keep=1)
    services = [Service(History(film, 2), run_id) for run_id in ("first", "second")]
    for service in services:
        decide(service, own, own=False)
    assert closed == ["film"]
    assert decide(services[0], own, own=True) == ["2"]
    assert decide(services[1], own, own=True) == ["2"]
    own.close()
    assert len(closed) == 4  # and nothing is left to the garbage collector


def test_an_execution_that_is_closed_is_not_kept(service: Service) -> None:
    own = decider(service.history.workflow)
    for _ in range(4):
        decide(service, own, own=False)
    assert own.kept == 0


def test_an_execution_that_asks_for_something_at_the_end_is_given_back(service: Service) -> None:
    own = decider(service.history.workflow)
    decide(service, own, own=False)
    own.give_back("common")
    assert decide(service, own, own=True) == ["2"]
    assert service.answers[-1]["taskList"] == {"name": "common"}
    assert "taskListScheduleToStartTimeout" not in service.answers[-1]
    assert own.kept == 0


class Fleet(World):
    """Several deciders, who take the tasks of an execution as it happens."""

    def __init__(self, choose: Choose, *args: Any) -> None:
        super().__init__(anything, choose, *args)
        self.service = Service(self.history)
        self.deciders = [decider(anything, str(size), size) for size in (0, 1, 10)]

    def _decisions(self, *, lost: bool) -> list[dict[str, Any]]:
        if self._choose(6) == 0:  # a process ends, and another begins
            at = self._choose(len(self.deciders))
            self.deciders[at].close()
            self.deciders[at] = decider(anything, str(at), self._choose(3))
        by = self.deciders[self._choose(len(self.deciders))]
        if lost:
            self.service.refusals = [refused("UnknownResourceFault")]
        return self.service.decide(by, own=bool(self._choose(3))) or []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=nodes, rounds=st.integers(0, 1), seed=st.integers(0, 2**32))
def test_any_decider_decides_as_a_full_replay_does(node: Node, rounds: int, seed: int) -> None:
    fleet = Fleet(Random(seed).randrange, node, rounds)  # noqa: S311 - no secret
    try:
        fleet.run()
    finally:
        for each in fleet.deciders:
            each.close()
    assert len(set(fleet.scheduled)) == len(fleet.scheduled)


def test_what_is_kept_is_closed_if_it_cannot_be_told_what_is_new() -> None:
    closed.clear()
    service = Service(History(film, 3))
    own = decider(film)
    service.history.begin_decision()
    service.history.complete_decision(service.decide(own, own=False) or [])
    service.history.after(1)
    service.history.complete("1", {"$swflow": "no envelope"})
    service.history.begin_decision()
    gc.disable()
    try:
        decisions = service.decide(own, own=True) or []
        assert closed == ["film"]
    finally:
        gc.enable()
    assert [each["decisionType"] for each in decisions] == ["RecordMarker", "StartTimer"]
