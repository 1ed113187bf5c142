"""What is cancelled is asked to end, and the code may clean up first."""

import asyncio
from datetime import timedelta

from swflow import Retry, timer
from tests.swflow.flows import Begin, flow, step

MINUTE = timedelta(minutes=1)


@flow
async def impatient() -> str:
    try:
        async with asyncio.timeout(10):
            return await step.options(retry=Retry(failures=3, backoff=MINUTE))("slow")
    except TimeoutError:
        return await step("instead")


@flow
async def one() -> str:
    return await step("one")


def test_an_activity_that_is_given_up_is_cancelled_and_nobody_waits_for_its_end(
    begin: Begin,
) -> None:
    history = begin(impatient)
    history.decide()
    history.fire("1")
    assert history.asked() == ["RequestCancelActivityTask 2", "ScheduleActivityTask 3"]
    history.complete("3", "in time")
    assert history.result() == "in time"


def test_an_activity_that_was_cancelled_is_not_tried_again(begin: Begin) -> None:
    history = begin(impatient)
    history.decide()
    history.fire("1")
    history.decide()
    history.cancelled("2")
    assert history.asked() == []
    history.fail("3", "also bad")
    assert history.asked() == ["FailWorkflowExecution"]


def test_an_activity_that_waits_for_its_next_attempt_is_cancelled_with_its_timer(
    begin: Begin,
) -> None:
    history = begin(impatient)
    history.decide()
    history.fail("2")
    assert history.asked() == ["StartTimer 2.2"]
    history.fire("1")
    assert history.asked() == ["CancelTimer 2.2", "ScheduleActivityTask 3"]


def test_what_was_not_sent_yet_is_never_scheduled(begin: Begin) -> None:
    @flow
    async def hasty() -> str:
        step("unwanted").cancel()
        timer(30).cancel()
        return await step("wanted")

    history = begin(hasty)
    assert history.asked() == ["ScheduleActivityTask 3"]
    history.complete("3", "wanted")
    assert history.result() == "wanted"


def test_a_shielded_activity_goes_on(begin: Begin) -> None:
    @flow
    async def patient() -> str:
        slow = step("slow")
        try:
            async with asyncio.timeout(10):
                await asyncio.shield(slow)
        except TimeoutError:
            return await slow
        return "unexpected"

    history = begin(patient)
    history.decide()
    history.fire("2")
    assert history.asked() == []
    history.complete("1", "done")
    assert history.result() == "done"


def test_a_request_that_comes_too_late_changes_nothing(begin: Begin) -> None:
    history = begin(impatient)
    history.decide()
    history.fire("1")
    history.begin_decision()
    history.complete("2", "late")
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    why = {"decisionTaskCompletedEventId": completed, "cause": "ACTIVITY_ID_UNKNOWN"}
    history.add("RequestCancelActivityTaskFailed", activityId="2", **why)
    scheduled = {"activityId": "3", "activityType": {"name": "Step", "version": "1"}}
    history.add(
        "ActivityTaskScheduled",
        decisionTaskCompletedEventId=completed,
        input='{"args":["instead"],"kwargs":{}}',
        **scheduled,
    )
    assert history.asked() == []
    history.complete("3", "in time")
    assert history.result() == "in time"


def test_a_timer_that_fired_meanwhile_cannot_be_cancelled_and_changes_nothing(
    begin: Begin,
) -> None:
    @flow
    async def quick() -> str:
        async with asyncio.timeout(10):
            await step("quick")
        return await step("next")

    history = begin(quick)
    history.decide()
    history.complete("2", "done")
    history.begin_decision()
    history.fire("1")
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    why = {"decisionTaskCompletedEventId": completed, "cause": "TIMER_ID_UNKNOWN"}
    history.add("CancelTimerFailed", timerId="1", **why)
    history.add(
        "ActivityTaskScheduled",
        decisionTaskCompletedEventId=completed,
        activityId="3",
        activityType={"name": "Step", "version": "1"},
        input='{"args":["next"],"kwargs":{}}',
    )
    history.complete("3", "done")
    assert history.result() == "done"


def test_an_activity_whose_worker_cancels_it_unasked_has_failed(begin: Begin) -> None:
    history = begin(one)
    history.decide()
    history.cancelled("1")
    reason, _ = history.failure()
    assert reason == "Step failed: cancelled by its worker"


def test_a_cancelled_execution_cancels_what_it_waits_for_and_closes_as_cancelled(
    begin: Begin,
) -> None:
    history = begin(one)
    history.decide()
    history.request_cancel()
    assert history.asked() == ["RequestCancelActivityTask 1", "CancelWorkflowExecution"]


def test_all_that_runs_in_parallel_is_cancelled(begin: Begin) -> None:
    @flow
    async def parallel() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(60))
            await asyncio.gather(step("a"), step("b"))

    history = begin(parallel)
    history.decide()
    history.request_cancel()
    assert sorted(history.asked()) == [
        "CancelTimer 3",
        "CancelWorkflowExecution",
        "RequestCancelActivityTask 1",
        "RequestCancelActivityTask 2",
    ]


def test_the_code_cleans_up_before_it_ends(begin: Begin) -> None:
    @flow
    async def careful() -> None:
        try:
            await step("one")
        finally:
            await step("clean")
            await step("up")

    history = begin(careful)
    history.decide()
    history.request_cancel()
    assert history.asked() == ["RequestCancelActivityTask 1", "ScheduleActivityTask 2"]
    history.request_cancel()
    assert history.asked() == []
    history.complete("2", "swept")
    assert history.asked() == ["ScheduleActivityTask 3"]
    history.complete("3", "mopped")
    assert history.asked() == ["CancelWorkflowExecution"]


def test_code_that_has_an_answer_to_it_completes(begin: Begin) -> None:
    @flow
    async def stubborn() -> str:
        try:
            return await step("one")
        except asyncio.CancelledError:
            return "as far as it got"

    history = begin(stubborn)
    history.decide()
    history.request_cancel()
    assert history.result() == "as far as it got"


def test_clean_up_that_fails_fails_the_execution(begin: Begin) -> None:
    @flow
    async def careless() -> None:
        try:
            await step("one")
        finally:
            await step("clean")

    history = begin(careless)
    history.decide()
    history.request_cancel()
    history.decide()
    history.fail("2", "no broom")
    reason, _ = history.failure()
    assert reason == "Step failed: no broom"


def test_an_execution_cancelled_before_its_first_decision_never_begins_its_work(
    begin: Begin,
) -> None:
    history = begin(one)
    history.request_cancel()
    assert history.asked() == ["CancelWorkflowExecution"]


def test_code_that_cancels_itself_has_failed(begin: Begin) -> None:
    @flow
    async def odd() -> None:
        raise asyncio.CancelledError

    reason, _ = begin(odd).failure()
    assert reason == "SwflowError: the workflow's code cancelled itself"
