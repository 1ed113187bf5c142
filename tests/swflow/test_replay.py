"""A history goes in, decisions come out."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from swflow import (
    ActivityFailed,
    NonDeterminismError,
    Retry,
    activity,
    now,
    workflow,
)
from tests.swflow.flows import Begin, flow

SECOND = timedelta(seconds=1)


@activity("Add", version="1", task_list="sums", start_to_close=60 * SECOND)
def add(left: int, right: int) -> int:
    return left + right


@activity("Total", version="1", task_list="sums")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@activity("When", version="1", task_list="sums")
def when() -> datetime:
    return datetime.now(UTC)


def test_the_first_decision_schedules_what_the_code_asks_for(begin: Begin) -> None:
    @flow
    async def summing(left: int) -> int:
        return await add(left, 2)

    (decision,) = begin(summing, 1).decide()

    assert decision == {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": "1",
            "activityType": {"name": "Add", "version": "1"},
            "input": '{"args":[1,2],"kwargs":{}}',
            "taskList": {"name": "sums"},
            "scheduleToStartTimeout": "NONE",
            "startToCloseTimeout": "60",
            "scheduleToCloseTimeout": "NONE",
            "heartbeatTimeout": "NONE",
        },
    }


def test_a_completed_activity_lets_the_code_go_on_to_the_result(begin: Begin) -> None:
    @flow
    async def chain() -> int:
        return await add(await add(1, 2), 3)

    history = begin(chain)
    assert history.scheduled() == [("1", "Add")]
    history.complete("1", 3)
    assert history.scheduled() == [("2", "Add")]
    history.complete("2", 6)
    assert history.result() == 6


def test_activities_that_are_not_waited_for_run_in_parallel(begin: Begin) -> None:
    @flow
    async def parallel() -> list[int]:
        return await asyncio.gather(add(1, 1), add(2, 2), add(3, 3))

    history = begin(parallel)
    assert [activity_id for activity_id, _ in history.scheduled()] == ["1", "2", "3"]
    history.complete("3", 6)
    history.complete("1", 2)
    assert history.decide() == []
    history.complete("2", 4)
    assert history.result() == [2, 4, 6]


def test_results_have_the_types_that_the_activity_says(begin: Begin) -> None:
    @flow
    async def year() -> int:
        return (await when()).year

    history = begin(year)
    history.decide()
    history.complete("1", "2031-05-04T00:00:00Z")
    assert history.result() == 2031


def test_what_happens_during_a_decision_is_for_the_next_one(begin: Begin) -> None:
    @flow
    async def two() -> int:
        first, second = add(1, 1), add(2, 2)
        await first
        third = add(3, 3)
        await second
        return await add(4, 4) + await third

    history = begin(two)
    history.decide()
    history.complete("1", 2)
    history.begin_decision()
    decisions = history.decisions()
    history.complete("2", 4)
    history.complete_decision(decisions)

    assert [each["scheduleActivityTaskDecisionAttributes"]["activityId"] for each in decisions] == [
        "3"
    ]
    assert history.scheduled() == [("4", "Add")]


def test_a_decision_that_timed_out_is_made_again(begin: Begin) -> None:
    @flow
    async def one() -> int:
        return await add(1, 2)

    history = begin(one)
    started = history.begin_decision()
    history.add("DecisionTaskTimedOut", startedEventId=started, timeoutType="START_TO_CLOSE")
    assert history.scheduled() == [("1", "Add")]
    history.complete("1", 3)
    assert history.result() == 3


def test_a_promise_is_an_argument_and_the_activity_waits_for_it(begin: Begin) -> None:
    @flow
    async def piped() -> int:
        return await add(add(1, 2).later, right=4)

    history = begin(piped)
    assert [activity_id for activity_id, _ in history.scheduled()] == ["1"]
    history.complete("1", 3)
    (decision,) = history.decide()
    says = decision["scheduleActivityTaskDecisionAttributes"]
    assert (says["activityId"], says["input"]) == ("2", '{"args":[3],"kwargs":{"right":4}}')


def test_promises_inside_lists_are_arguments_too(begin: Begin) -> None:
    @flow
    async def spread() -> int:
        return await total([add(1, 2).later, 10, add(3, 4).later])

    history = begin(spread)
    assert len(history.decide()) == 2
    history.complete("2", 7)
    history.complete("1", 3)
    (decision,) = history.decide()
    says = decision["scheduleActivityTaskDecisionAttributes"]
    assert json.loads(says["input"])["args"] == [[3, 10, 7]]


def test_promises_inside_dicts_are_arguments_too(begin: Begin) -> None:
    @activity("Table", version="1", task_list="sums")
    def table(rows: dict[str, list[int]]) -> None: ...

    @flow
    async def spread() -> None:
        await table(rows={"a": [add(1, 2).later], "b": [10, add(3, 4).later]})

    history = begin(spread)
    assert len(history.decide()) == 2
    history.complete("1", 3)
    assert history.decide() == []
    history.complete("2", 7)
    (decision,) = history.decide()
    says = decision["scheduleActivityTaskDecisionAttributes"]
    assert json.loads(says["input"])["kwargs"] == {"rows": {"a": [3], "b": [10, 7]}}


def test_a_promise_that_is_broken_breaks_what_it_is_an_argument_of(begin: Begin) -> None:
    @flow
    async def broken() -> str:
        try:
            await add(add(1, 2).later, 3)
        except ActivityFailed as error:
            return error.reason
        return "unexpected"

    history = begin(broken)
    history.decide()
    history.fail("1", "no sums today")
    assert history.result() == "no sums today"


def test_an_activity_that_cannot_be_scheduled_fails(begin: Begin) -> None:
    @flow
    async def unregistered() -> str:
        try:
            await add(1, 2)
        except ActivityFailed as error:
            return str(error)
        return "unexpected"

    history = begin(unregistered)
    history.begin_decision()
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    history.add(
        "ScheduleActivityTaskFailed",
        decisionTaskCompletedEventId=completed,
        activityId="1",
        activityType={"name": "Add", "version": "1"},
        cause="ACTIVITY_TYPE_DOES_NOT_EXIST",
    )
    assert "ACTIVITY_TYPE_DOES_NOT_EXIST; register version 1" in history.result()


def test_an_exception_of_the_code_fails_the_execution(begin: Begin) -> None:
    @flow
    async def wrong() -> None:
        await add(1, 2)
        raise ValueError("that was not it")

    history = begin(wrong)
    history.decide()
    history.complete("1", 3)
    reason, details = history.failure()
    assert reason == "ValueError: that was not it"
    assert details["retry"] is True
    assert "that was not it" in details["details"]["traceback"]


def test_a_workflow_cannot_end_the_decider(begin: Begin) -> None:
    @flow
    async def leaving() -> None:
        raise SystemExit(3)

    reason, _ = begin(leaving).failure()
    assert reason == "SystemExit: 3"


def test_a_failed_activity_that_nobody_catches_fails_the_execution(begin: Begin) -> None:
    @flow
    async def wrong() -> None:
        await add(1, 2)

    history = begin(wrong)
    history.decide()
    history.fail("1", "no sums today", retry=False)
    reason, details = history.failure()
    assert (reason, details["retry"]) == ("Add failed: no sums today", False)


def test_arguments_that_do_not_fit_fail_the_execution_and_name_the_parameter(begin: Begin) -> None:
    @flow
    async def wrong() -> None:
        await add("one", 2)  # type: ignore[arg-type]

    reason, details = begin(wrong).failure()
    assert "Add: argument 'left': Input should be a valid integer" in reason
    assert details["retry"] is False


def test_closing_with_events_unseen_is_tried_again(begin: Begin) -> None:
    @flow
    async def one() -> int:
        return await add(1, 2)

    history = begin(one)
    history.decide()
    history.complete("1", 3)
    history.begin_decision()
    assert len(history.decisions()) == 1
    completed = history.add("DecisionTaskCompleted")
    history.add(
        "CompleteWorkflowExecutionFailed",
        decisionTaskCompletedEventId=completed,
        cause="UNHANDLED_DECISION",
    )
    assert history.result() == 3


def test_now_is_the_time_of_the_decision(begin: Begin) -> None:
    @flow
    async def clock() -> list[datetime]:
        first = now()
        await add(1, 2)
        return [first, now()]

    history = begin(clock)
    history.decide()
    history.after(90)
    history.complete("1", 3)
    assert history.result() == ["2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"]


def test_a_set_argument_may_come_in_another_order(begin: Begin) -> None:
    @activity("Tags", version="1", task_list="sums")
    def tags(names: set[str]) -> None: ...

    @flow
    async def tagging() -> None:
        await tags({"a", "b"})

    history = begin(tagging)
    history.decide()
    scheduled = history.events[-1]["activityTaskScheduledEventAttributes"]
    names = json.loads(scheduled["input"])["args"][0]
    scheduled["input"] = json.dumps({"args": [names[::-1]], "kwargs": {}})
    history.complete("1")
    assert history.result() is None


def test_a_list_argument_in_another_order_is_another_call(begin_replayed: Begin) -> None:
    @flow
    async def summing() -> None:
        await total([1, 2])

    history = begin_replayed(summing)
    history.decide()
    scheduled = history.events[-1]["activityTaskScheduledEventAttributes"]
    scheduled["input"] = json.dumps({"args": [[2, 1]], "kwargs": {}})
    history.complete("1", 3)
    with pytest.raises(NonDeterminismError):
        history.decisions()


def test_how_an_activity_is_run_may_change_under_an_open_execution(begin_replayed: Begin) -> None:
    lists = ["slow"]

    @flow
    async def moving() -> int:
        changed = add.options(task_list=lists[0], start_to_close=SECOND, retry=Retry(failures=1))
        return await changed(1, 2)

    history = begin_replayed(moving)
    history.decide()
    lists[0] = "fast"
    history.complete("1", 3)
    assert history.result() == 3


def test_a_suspended_execution_is_put_away_without_acting(begin: Begin) -> None:
    ended: list[str] = []

    @flow
    async def careful() -> None:
        try:
            await add(1, 2)
        finally:
            ended.append("began to clean up")
            await total([1])
            ended.append("cleaned up")

    history = begin(careful)
    decisions = history.decide()
    history.close()
    assert len(decisions) == 1
    assert ended == ["began to clean up"]


def test_a_call_can_be_run_otherwise(begin: Begin) -> None:
    @flow
    async def special() -> int:
        return await add.options(
            version="2",
            task_list="special",
            priority=7,
            schedule_to_start=SECOND,
            start_to_close=2 * SECOND,
            schedule_to_close=3 * SECOND,
            heartbeat_timeout=4 * SECOND,
        )(1, 2)

    (decision,) = begin(special).decide()
    says = decision["scheduleActivityTaskDecisionAttributes"]
    del says["activityId"], says["input"]
    assert says == {
        "activityType": {"name": "Add", "version": "2"},
        "taskList": {"name": "special"},
        "taskPriority": "7",
        "scheduleToStartTimeout": "1",
        "startToCloseTimeout": "2",
        "scheduleToCloseTimeout": "3",
        "heartbeatTimeout": "4",
    }


def test_a_priority_is_registered_where_one_was_asked_for() -> None:
    urgent = activity("Urgent", version="1", task_list="sums", priority=5)(total.function)
    assert urgent.registration()["defaultTaskPriority"] == "5"
    assert "defaultTaskPriority" not in add.registration()
    urgent_flow = workflow(
        "Urgent", version="1", task_list="flows", execution_timeout=SECOND, priority=5
    )(total.function)
    assert urgent_flow.registration()["defaultTaskPriority"] == "5"
    assert urgent_flow.start_parameters()["taskPriority"] == "5"
