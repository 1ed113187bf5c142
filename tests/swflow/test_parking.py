"""An execution that a decider cannot go on with is set aside, and goes on later."""

import json
from datetime import timedelta
from typing import Any

from swflow import workflow
from swflow.deciders.parking import MARKER, park
from tests.swflow.flows import Begin, step


@workflow(version="1", task_list="flows", execution_timeout=timedelta(hours=1))
async def two_steps() -> str:
    return await step(await step("one"))


def set_aside(history: Any) -> tuple[str, str]:
    """The details and the timer of a decision that sets the execution aside."""
    history.begin_decision()
    decisions = park(history.events, "code and history differ")
    history.complete_decision(decisions)
    marker, timer = (
        decisions[0]["recordMarkerDecisionAttributes"],
        decisions[1]["startTimerDecisionAttributes"],
    )
    return marker["details"], timer["startToFireTimeout"]


def test_it_says_what_is_wrong_in_the_history(begin: Begin) -> None:
    details, _ = set_aside(begin(two_steps))
    assert json.loads(details) == {"problem": "code and history differ"}


def test_every_further_try_comes_later_up_to_an_hour(begin: Begin) -> None:
    history = begin(two_steps)
    waits = [set_aside(history)[1] for _ in range(8)]
    assert waits == ["60", "120", "240", "480", "960", "1920", "3600", "3600"]


def test_timers_of_different_tries_have_different_ids(begin: Begin) -> None:
    history = begin(two_steps)
    set_aside(history)
    set_aside(history)
    ids = {
        event["timerStartedEventAttributes"]["timerId"]
        for event in history.events
        if event["eventType"] == "TimerStarted"
    }
    assert len(ids) == 2


def test_replay_passes_by_a_decision_that_set_it_aside(begin: Begin) -> None:
    history = begin(two_steps)
    set_aside(history)
    history.fire(history.events[-1]["timerStartedEventAttributes"]["timerId"])
    assert history.scheduled() == [("1", "Step")]
    history.complete("1", "two")
    assert history.scheduled() == [("2", "Step")]


def test_what_happened_before_it_was_set_aside_is_not_forgotten(begin_replayed: Begin) -> None:
    history = begin_replayed(two_steps)
    history.decide()
    history.complete("1", "two")
    set_aside(history)
    set_aside(history)
    assert history.scheduled() == [("2", "Step")]
    history.complete("2", "end")
    assert history.result() == "end"


def test_a_marker_that_was_refused_is_passed_by_as_well(begin: Begin) -> None:
    history = begin(two_steps)
    history.begin_decision()
    completed = history.add("DecisionTaskCompleted")
    history.add(
        "RecordMarkerFailed",
        decisionTaskCompletedEventId=completed,
        markerName=MARKER,
        cause="OPERATION_NOT_PERMITTED",
    )
    assert history.scheduled() == [("1", "Step")]
