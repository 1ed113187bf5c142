"""Signals are kept until they are received, have a type, and can be handled."""

import asyncio
from dataclasses import dataclass

import pytest

from swflow import Signal, SwflowError, external
from tests.swflow.flows import Begin, flow, step


@dataclass(frozen=True)
class Approval:
    by: str
    amount: int


approved = Signal("approved", Approval)
stop = Signal("stop")
word = Signal("word", str)


@flow
async def waiting() -> str:
    approval = await approved.receive()
    return f"{approval.by}: {approval.amount + 1}"


def test_a_signal_is_waited_for(begin: Begin) -> None:
    history = begin(waiting)
    assert history.asked() == []
    history.signal("something else", {"by": "nobody"})
    assert history.asked() == []
    history.signal("approved", {"by": "ada", "amount": 1})
    assert history.result() == "ada: 2"


def test_a_signal_that_came_before_anybody_waited_is_kept(begin: Begin) -> None:
    history = begin(waiting)
    history.signal("approved", {"by": "ada", "amount": 1})
    history.signal("approved", {"by": "bob", "amount": 7})
    assert history.result() == "ada: 2"


def test_signals_are_received_in_the_order_they_came(begin: Begin) -> None:
    @flow
    async def listening() -> list[str]:
        await step("first")
        return [await word.receive() for _ in range(3)]

    history = begin(listening)
    history.decide()
    for each in "ab":
        history.signal("word", each)
    history.decide()
    history.complete("1", "first")
    history.decide()
    history.signal("word", "c")
    assert history.result() == ["a", "b", "c"]


def test_a_receiver_that_gave_up_takes_no_signal_away(begin: Begin) -> None:
    @flow
    async def listening() -> str:
        try:
            async with asyncio.timeout(5):
                return await word.receive()
        except TimeoutError:
            await step("meanwhile")
        return await word.receive()

    history = begin(listening)
    history.decide()
    history.fire("1")
    history.decide()
    history.signal("word", "late")
    history.decide()
    history.complete("2", "meanwhile")
    assert history.result() == "late"


def test_a_signal_without_a_value(begin: Begin) -> None:
    @flow
    async def until_stopped() -> str:
        assert await stop.receive() is None
        return "stopped"

    history = begin(until_stopped)
    history.signal("stop")
    assert history.result() == "stopped"


def test_a_value_of_another_type_is_an_error_where_it_is_received(begin: Begin) -> None:
    history = begin(waiting)
    history.signal("approved", {"by": "ada", "amount": "a lot"})
    reason, details = history.failure()
    assert "signal 'approved': the value: amount: Input should be a valid integer" in reason
    assert details["retry"] is False


@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_handler_gets_all_signals_in_order_also_those_that_came_before(
    begin: Begin, kind: str
) -> None:
    @flow
    async def collecting() -> list[str]:
        heard = list[str]()

        async def hear(said: str) -> None:
            heard.append(await step(said))

        def hear_at_once(said: str) -> None:
            heard.append(said)

        await step("first")
        word.on(hear if kind == "async" else hear_at_once)
        await stop.receive()
        return heard

    history = begin(collecting)
    history.signal("word", "a")
    history.decide()
    history.complete("1", "first")
    history.decide()
    history.signal("word", "b")
    history.decide()
    for activity_id in ("2", "3") if kind == "async" else ():
        history.complete(activity_id, f"{activity_id}")
        history.decide()
    history.signal("stop")
    assert history.result() == (["2", "3"] if kind == "async" else ["a", "b"])


def test_a_handler_that_fails_fails_the_execution(begin: Begin) -> None:
    @flow
    async def hearing() -> None:
        def hear(said: str) -> None:
            raise ValueError(f"what does {said} mean?")

        word.on(hear)
        await stop.receive()

    history = begin(hearing)
    history.signal("word", "gnu")
    reason, _ = history.failure()
    assert reason == "ValueError: what does gnu mean?"


def test_a_signal_is_for_workflows() -> None:
    with pytest.raises(SwflowError, match="signal 'word' is for a workflow's code"):
        word.receive()


@flow
async def telling() -> str:
    other = external("other", "its-run")
    try:
        await other.signal(approved, Approval("ada", 3))
        await other.cancel()
    except SwflowError as error:
        return str(error)
    return "told"


def test_another_execution_is_signalled_and_cancelled(begin: Begin) -> None:
    history = begin(telling)
    (decision,) = history.decide()
    assert decision["signalExternalWorkflowExecutionDecisionAttributes"] == {
        "workflowId": "other",
        "runId": "its-run",
        "signalName": "approved",
        "input": '{"by":"ada","amount":3}',
    }
    history.reached("Signal", "ExternalWorkflowExecutionSignaled")
    (decision,) = history.decide()
    assert decision["requestCancelExternalWorkflowExecutionDecisionAttributes"] == {
        "workflowId": "other",
        "runId": "its-run",
    }
    history.reached("RequestCancel", "ExternalWorkflowExecutionCancelRequested")
    assert history.result() == "told"


def test_an_execution_that_cannot_be_reached_is_an_error_with_its_cause(begin: Begin) -> None:
    history = begin(telling)
    history.decide()
    cause = {"cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", "decisionTaskCompletedEventId": 4}
    history.reached("Signal", "SignalExternalWorkflowExecutionFailed", **cause)
    result = "execution 'other' could not be reached: UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
    assert history.result() == result


def test_a_signal_that_may_not_be_sent_at_all_is_an_error_too(begin: Begin) -> None:
    history = begin(telling)
    history.begin_decision()
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    history.add(
        "SignalExternalWorkflowExecutionFailed",
        decisionTaskCompletedEventId=completed,
        initiatedEventId=0,
        workflowId="other",
        cause="OPERATION_NOT_PERMITTED",
    )
    assert history.result() == "execution 'other' could not be reached: OPERATION_NOT_PERMITTED"
