"""What reaches an execution that goes on as a new one is not lost, however late it comes."""

import asyncio
from typing import Any

import pytest

from swflow import Signal, UnknownExecution, WorkflowCancelled, continue_as_new
from swflow.testing import Environment
from tests.swflow.flows import Begin, flow, step

word = Signal("word", str)
number = Signal("number", int)


@flow
async def listening(heard: list[str]) -> list[str]:
    heard = [*heard, await word.receive()]
    if len(heard) < 3:
        continue_as_new(heard)
    return heard


def successor(begin: Begin, history: Any) -> Any:
    """The history of the execution that one goes on as, by its next decision."""
    (decision,) = history.decide()
    given = decision["continueAsNewWorkflowExecutionDecisionAttributes"]["input"]
    new = begin(listening, [])
    new.events[0]["workflowExecutionStartedEventAttributes"]["input"] = given
    return new


def refuse(history: Any) -> None:
    """What Amazon SWF does where something happened that the decision did not know of."""
    completed = history.add("DecisionTaskCompleted")
    why = {"decisionTaskCompletedEventId": completed, "cause": "UNHANDLED_DECISION"}
    history.add("ContinueAsNewWorkflowExecutionFailed", **why)


def test_signals_that_nobody_received_are_passed_on(begin: Begin) -> None:
    history = begin(listening, [])
    for each in "abc":
        history.signal("word", each)
    second = successor(begin, history)
    assert successor(begin, second).result() == ["a", "b", "c"]


def test_they_come_before_those_that_the_new_one_is_sent(begin: Begin) -> None:
    history = begin(listening, ["a"])
    history.signal("word", "b")
    history.signal("word", "c")
    second = successor(begin, history)
    second.signal("word", "d")
    assert second.result() == ["a", "b", "c"]


def test_a_signal_that_comes_while_it_goes_on_is_passed_on(begin: Begin) -> None:
    @flow
    async def handling(heard: list[int]) -> None:
        number.on(heard.append)
        await step("on")
        continue_as_new([7])

    history = begin(handling, [])
    history.decide()
    history.complete("1", "on")
    history.begin_decision()
    history.decisions()
    history.signal("number", 8)
    refuse(history)
    (decision,) = history.decide()
    says = decision["continueAsNewWorkflowExecutionDecisionAttributes"]
    assert says["input"] == '{"args":[[7]],"kwargs":{},"signals":[["number","8"]]}'


def test_a_cancellation_that_comes_while_it_goes_on_cancels_it(begin: Begin) -> None:
    history = begin(listening, [])
    history.signal("word", "a")
    history.begin_decision()
    history.decisions()
    history.request_cancel()
    refuse(history)
    assert history.asked() == ["CancelWorkflowExecution"]


def test_one_that_cleaned_up_by_going_on_goes_on(begin: Begin) -> None:
    @flow
    async def unstoppable() -> None:
        try:
            await word.receive()
        except asyncio.CancelledError:
            continue_as_new()

    history = begin(unstoppable)
    history.decide()
    history.request_cancel()
    assert history.asked() == ["ContinueAsNewWorkflowExecution"]


def test_more_than_an_input_can_hold_is_an_error(begin: Begin) -> None:
    history = begin(listening, [])
    for each in "abc":
        history.signal("word", each * 12_000)
    reason, _ = history.failure()
    assert "the input of listening and the signals that it passes on" in reason


@pytest.mark.parametrize("sticky", [True, False])
def test_every_signal_is_heard_once(*, sticky: bool) -> None:
    @flow
    async def summing(total: int, left: int) -> int:
        for _ in range(3):
            total += await number.receive()
        if left:
            continue_as_new(total, left - 1)
        return total

    with Environment(sticky=sticky) as env:
        execution = env.start(summing, 0, 9)
        for each in range(30):
            execution.signal(number, each)
            if each % 7 == 0:
                env.run_until_idle()
        assert execution.result() == sum(range(30))


def test_what_an_execution_is_told_reaches_the_one_it_went_on_as() -> None:
    with Environment() as env:
        execution = env.start(listening, [])
        execution.signal(word, "a")
        env.run_until_idle()
        assert execution.status() == "CONTINUED_AS_NEW"
        execution.signal(word, "b")
        env.run_until_idle()
        execution.cancel()
        with pytest.raises(WorkflowCancelled):
            execution.result()
        with pytest.raises(UnknownExecution, match="is not open"):
            execution.cancel()


def test_an_execution_that_is_not_even_known_is_told_nothing() -> None:
    with Environment() as env, pytest.raises(UnknownExecution, match="'eve' is not open"):
        env.client.execution("eve", "no-run").cancel()
