"""Failures and timeouts are counted apart, and tried again as the activity says."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from swflow import ActivityFailed, ActivityTimedOut, Retry, WorkflowType, activity, workflow
from tests.swflow.flows import Begin

SECOND = timedelta(seconds=1)


@activity(
    "Encode",
    version="1",
    task_list="encoders",
    start_to_close=100 * SECOND,
    schedule_to_close=150 * SECOND,
    heartbeat_timeout=10 * SECOND,
)
def encode(name: str) -> str:
    return name


def encoding(retry: Retry) -> WorkflowType[..., Any]:
    @workflow(version="1", task_list="flows", execution_timeout=timedelta(hours=1))
    async def flow() -> str:
        try:
            return await encode.options(retry=retry)("film")
        except ActivityTimedOut as error:
            return f"{error}: {error.details}"
        except ActivityFailed as error:
            return f"{error}: {error.retry}"

    return flow


def test_without_a_retry_the_first_failure_is_the_last(begin: Begin) -> None:
    history = begin(encoding(Retry()))
    history.decide()
    history.fail("1", "no codec")
    assert history.result() == "Encode failed: no codec: True"


def test_a_failure_is_tried_again_under_another_id(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=2)))
    assert history.scheduled() == [("1", "Encode")]
    history.fail("1")
    assert history.scheduled() == [("1.2", "Encode")]
    history.fail("1.2")
    assert history.scheduled() == [("1.3", "Encode")]
    history.complete("1.3", "done")
    assert history.result() == "done"


def test_the_last_failure_is_the_one_that_is_raised(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=1)))
    history.decide()
    history.fail("1", "first")
    history.decide()
    history.fail("1.2", "second")
    assert history.result() == "Encode failed: second: True"


def test_what_a_stopping_worker_hands_back_uses_up_no_retry(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=1, backoff=60 * SECOND)))
    history.decide()
    history.fail("1", handed_back=True)
    assert history.scheduled() == [("1.2", "Encode")]
    history.fail("1.2", handed_back=True)
    assert history.scheduled() == [("1.3", "Encode")]
    history.complete("1.3", "done")
    assert history.result() == "done"


def test_retry_false_ends_it_at_once(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=5)))
    history.decide()
    history.fail("1", "no video", retry=False)
    assert history.result() == "Encode failed: no video: False"


def test_a_retry_waits_longer_each_time_by_a_durable_timer(begin: Begin) -> None:
    retry = Retry(failures=4, backoff=10 * SECOND, backoff_factor=3, max_backoff=60 * SECOND)
    history = begin(encoding(retry))
    history.decide()
    waits = []
    for attempt in ("1", "1.2", "1.3", "1.4"):
        history.fail(attempt)
        (decision,) = history.decide()
        timer = decision["startTimerDecisionAttributes"]
        waits.append(timer["startToFireTimeout"])
        history.fire(timer["timerId"])
        history.decide()
    assert waits == ["10", "30", "60", "60"]
    history.complete("1.5", "done")
    assert history.result() == "done"


def test_each_timeout_multiplies_all_timeouts_of_the_next_attempt(begin: Begin) -> None:
    history = begin(encoding(Retry(timeouts=(2, 4))))
    history.decide()
    seen = []
    for attempt in ("1", "1.2"):
        history.time_out(attempt)
        (decision,) = history.decide()
        says = decision["scheduleActivityTaskDecisionAttributes"]
        kinds = ("startToCloseTimeout", "scheduleToCloseTimeout", "heartbeatTimeout")
        seen.append([says[kind] for kind in kinds] + [says["scheduleToStartTimeout"]])
    assert seen == [["200", "300", "20", "NONE"], ["400", "600", "40", "NONE"]]
    history.time_out("1.3", "HEARTBEAT", json.dumps({"frame": 7}))
    assert history.result() == "Encode timed out (HEARTBEAT): {'frame': 7}"


def test_failures_and_timeouts_are_counted_apart(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=1, timeouts=(2,))))
    history.decide()
    history.time_out("1")
    history.decide()
    history.fail("1.2")
    (decision,) = history.decide()
    says = decision["scheduleActivityTaskDecisionAttributes"]
    assert (says["activityId"], says["startToCloseTimeout"]) == ("1.3", "200")
    history.fail("1.3", "again")
    assert history.result() == "Encode failed: again: True"


def test_a_failure_without_details_is_tried_again(begin: Begin) -> None:
    history = begin(encoding(Retry(failures=1)))
    history.decide()
    history.add("ActivityTaskFailed", scheduledEventId=history.events[-1]["eventId"])
    assert history.scheduled() == [("1.2", "Encode")]


def test_a_retry_that_waits_is_dropped_when_nobody_waits_for_it(begin: Begin) -> None:
    @workflow(version="1", task_list="flows", execution_timeout=timedelta(hours=1))
    async def impatient() -> str:
        try:
            async with asyncio.timeout(5):
                await encode.options(retry=Retry(failures=3, backoff=60 * SECOND))("film")
        except TimeoutError:
            return await encode("trailer")
        return "unexpected"

    history = begin(impatient)
    history.decide()
    history.fail("2")
    history.decide()
    history.fire("1")
    assert history.scheduled() == [("3", "Encode")]
    history.fire("2.2")
    assert history.decide() == []


def test_a_result_of_another_type_is_an_error_that_names_the_activity(begin: Begin) -> None:
    @activity("Count", version="1", task_list="encoders")
    def count() -> int:
        return 1

    @workflow(version="1", task_list="flows", execution_timeout=timedelta(hours=1))
    async def counting() -> int:
        return await count()

    history = begin(counting)
    history.decide()
    history.complete("1", "many")
    reason, details = history.failure()
    assert "Count: the result: Input should be a valid integer" in reason
    assert details["retry"] is False


@pytest.mark.parametrize(
    "wrong", [{"failures": -1}, {"timeouts": (2, 0)}, {"backoff": -SECOND}, {"backoff_factor": 0.5}]
)
def test_a_retry_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Retry"):
        Retry(**wrong)
