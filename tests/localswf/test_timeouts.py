"""Every timeout, under a virtual clock: hours take no time."""

from typing import Any

import pytest

HOUR = 3600


def seconds_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    return (later["eventTimestamp"] - earlier["eventTimestamp"]).total_seconds()


def test_an_activity_nobody_takes_times_out_schedule_to_start(swf: Any, clock: Any) -> None:
    swf.start(executionStartToCloseTimeout=str(40 * HOUR))
    swf.decide(swf.schedule("resize", scheduleToStartTimeout=str(36 * HOUR)))

    clock.advance(36 * HOUR - 1)
    assert swf.types()[-1] == "ActivityTaskScheduled"
    clock.advance(2)

    assert swf.types()[-2:] == ["ActivityTaskTimedOut", "DecisionTaskScheduled"]
    assert swf.last("ActivityTaskTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": 0,
        "timeoutType": "SCHEDULE_TO_START",
    }
    scheduled, timed_out = swf.history()[-3:-1]
    assert seconds_between(scheduled, timed_out) == 36 * HOUR


def test_a_task_that_timed_out_is_given_to_nobody(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", scheduleToStartTimeout="10"))
    clock.advance(11)

    assert "taskToken" not in swf.poll_activity()


@pytest.mark.parametrize(
    ("parameter", "timeout_type"),
    [
        ("startToCloseTimeout", "START_TO_CLOSE"),
        ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE"),
        ("heartbeatTimeout", "HEARTBEAT"),
    ],
)
def test_an_activity_that_takes_too_long_times_out(
    swf: Any, clock: Any, parameter: str, timeout_type: str
) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", **{parameter: "10"}))
    task = swf.poll_activity()

    clock.advance(11)

    assert swf.last("ActivityTaskTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": task["startedEventId"],
        "timeoutType": timeout_type,
    }


@pytest.mark.parametrize(
    "method",
    [
        "respond_activity_task_completed",
        "respond_activity_task_failed",
        "record_activity_task_heartbeat",
    ],
)
def test_a_worker_that_comes_too_late_is_told_so(swf: Any, clock: Any, method: str) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", startToCloseTimeout="10"))
    task = swf.poll_activity()
    clock.advance(11)

    assert swf.refusal(method, taskToken=task["taskToken"]) == (
        "UnknownResourceFault",
        "Unknown activity, scheduledEventId = 5",
    )


def test_heartbeats_put_the_heartbeat_timeout_off(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", heartbeatTimeout="10"))
    task = swf.poll_activity()
    for percent in range(0, 100, 20):
        clock.advance(9)
        status = swf.client.record_activity_task_heartbeat(
            taskToken=task["taskToken"], details=f"{percent} %"
        )
        assert status["cancelRequested"] is False
    assert swf.types()[-1] == "ActivityTaskStarted"

    clock.advance(11)

    timed_out = swf.last("ActivityTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["details"]) == ("HEARTBEAT", "80 %")


def test_heartbeats_do_not_put_start_to_close_off(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", heartbeatTimeout="10", startToCloseTimeout="15"))
    task = swf.poll_activity()
    clock.advance(9)
    swf.client.record_activity_task_heartbeat(taskToken=task["taskToken"])
    clock.advance(9)

    assert swf.last("ActivityTaskTimedOut")["timeoutType"] == "START_TO_CLOSE"


@pytest.mark.parametrize(
    ("timeouts", "started", "first"),
    [
        ({"scheduleToStart": 10, "scheduleToClose": 20}, False, "SCHEDULE_TO_START"),
        ({"scheduleToStart": 20, "scheduleToClose": 10}, False, "SCHEDULE_TO_CLOSE"),
        ({"startToClose": 1, "heartbeat": 1, "scheduleToClose": 10}, False, "SCHEDULE_TO_CLOSE"),
        ({"scheduleToStart": 10, "startToClose": 20}, True, "START_TO_CLOSE"),
        ({"scheduleToClose": 10, "heartbeat": 20}, True, "SCHEDULE_TO_CLOSE"),
        ({"scheduleToClose": 20, "heartbeat": 10}, True, "HEARTBEAT"),
        ({"startToClose": 10, "heartbeat": 20}, True, "START_TO_CLOSE"),
        ({"scheduleToClose": 10, "startToClose": 10}, True, "SCHEDULE_TO_CLOSE"),
    ],
)
def test_the_first_of_an_activitys_timeouts_ends_it(
    swf: Any, clock: Any, timeouts: dict[str, int], *, started: bool, first: str
) -> None:
    chosen = {f"{name}Timeout": str(seconds) for name, seconds in timeouts.items()}
    swf.start()
    swf.decide(swf.schedule("resize", **chosen))
    if started:
        clock.advance(5)
        assert swf.poll_activity()["taskToken"]
    clock.advance(100)

    timed_out = swf.last("ActivityTaskTimedOut")
    assert timed_out["timeoutType"] == first
    assert bool(timed_out["startedEventId"]) == started
    assert swf.types().count("ActivityTaskTimedOut") == 1


def test_a_decision_that_takes_too_long_is_scheduled_anew(swf: Any, clock: Any) -> None:
    swf.start(taskStartToCloseTimeout="60")
    late = swf.poll_decision()

    clock.advance(61)

    assert swf.types()[2:] == [
        "DecisionTaskStarted",
        "DecisionTaskTimedOut",
        "DecisionTaskScheduled",
    ]
    timed_out, scheduled = swf.history()[-2:]
    assert timed_out["eventTimestamp"] == scheduled["eventTimestamp"]
    assert swf.refusal("respond_decision_task_completed", taskToken=late["taskToken"]) == (
        "UnknownResourceFault",
        "Unknown decision task, scheduledEventId = 2",
    )
    assert swf.poll_decision()["previousStartedEventId"] == 0


def test_a_decider_that_comes_too_late_is_told_so_though_another_is_at_it(
    swf: Any, clock: Any
) -> None:
    swf.start()
    late = swf.poll_decision()
    clock.advance(60)
    task = swf.poll_decision()

    refusal = swf.refusal("respond_decision_task_completed", taskToken=late["taskToken"])
    assert refusal == ("UnknownResourceFault", "Unknown decision task, scheduledEventId = 2")
    swf.answer(task, swf.complete())


def test_whoever_answers_after_the_close_is_told_that_there_is_no_such_execution(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    worker = swf.poll_activity()
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")
    decider = swf.poll_decision()
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")

    run = f"WorkflowExecution=[workflowId=video, runId={swf.runs['video']}]"
    for method, task in (
        ("respond_activity_task_completed", worker),
        ("record_activity_task_heartbeat", worker),
        ("respond_decision_task_completed", decider),
    ):
        refusal = swf.refusal(method, taskToken=task["taskToken"])
        assert refusal == ("UnknownResourceFault", f"Unknown execution: {run}")


def test_a_decision_timeout_beside_a_waiting_decision_schedules_no_third(
    swf: Any, clock: Any
) -> None:
    swf.start(taskStartToCloseTimeout="60")
    swf.poll_decision()
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="hurry")

    clock.advance(61)

    assert swf.types()[3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "DecisionTaskTimedOut",
    ]
    assert swf.poll_decision()["startedEventId"] == 7


def test_an_execution_that_takes_too_long_is_closed(swf: Any, clock: Any) -> None:
    swf.start(executionStartToCloseTimeout=str(36 * HOUR))
    swf.decide(swf.schedule("resize"), swf.start_timer("soon", 100 * HOUR))
    task = swf.poll_activity()

    clock.advance(36 * HOUR)

    assert swf.last("WorkflowExecutionTimedOut") == {
        "childPolicy": "TERMINATE",
        "timeoutType": "START_TO_CLOSE",
    }
    described = swf.describe()
    assert described["executionInfo"]["closeStatus"] == "TIMED_OUT"
    assert set(described["openCounts"].values()) == {0}
    code, message = swf.refusal("respond_activity_task_completed", taskToken=task["taskToken"])
    run_id = swf.runs["video"]
    assert code == "UnknownResourceFault"
    assert message == f"Unknown execution: WorkflowExecution=[workflowId=video, runId={run_id}]"


def test_nothing_happens_after_the_close(swf: Any, clock: Any) -> None:
    swf.start(executionStartToCloseTimeout="60")
    swf.decide(swf.schedule("resize", startToCloseTimeout="30"), swf.start_timer("t", 10))
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    before = swf.types()

    clock.advance(20 * HOUR)

    assert swf.types() == before
    assert "taskToken" not in swf.poll_activity()
    assert swf.poll_decision()["taskToken"] == ""


def test_timers_fire_in_the_order_of_their_time(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("late", 20), swf.start_timer("early", 10), swf.start_timer("now", 0))

    clock.advance(30)

    fired = [
        e["timerFiredEventAttributes"] for e in swf.history() if e["eventType"] == "TimerFired"
    ]
    assert [f["timerId"] for f in fired] == ["now", "early", "late"]
    assert [f["startedEventId"] for f in fired] == [7, 6, 5]


def test_a_sticky_decision_nobody_takes_goes_back_to_the_first_list(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(
        swf.start_timer("t", 100),
        taskList={"name": "mine"},
        taskListScheduleToStartTimeout="5",
    )
    clock.advance(101)
    assert swf.last("DecisionTaskScheduled") == {
        "scheduleToStartTimeout": "5",
        "startToCloseTimeout": "60",
        "taskList": {"name": "mine"},
    }

    clock.advance(5)

    assert swf.last("DecisionTaskTimedOut") == {
        "scheduledEventId": 7,
        "startedEventId": 0,
        "timeoutType": "SCHEDULE_TO_START",
    }
    assert swf.last("DecisionTaskScheduled") == {
        "scheduleToStartTimeout": "NONE",
        "startToCloseTimeout": "60",
        "taskList": {"name": "deciders"},
    }
    assert swf.poll_decision("mine")["taskToken"] == ""
    assert swf.poll_decision()["startedEventId"] == 10


def test_a_sticky_decision_that_takes_too_long_goes_back_to_the_first_list(
    swf: Any, clock: Any
) -> None:
    swf.start()
    override = {"taskList": {"name": "mine"}, "taskListScheduleToStartTimeout": "5"}
    swf.decide(swf.start_timer("t", 10), **override)
    assert swf.poll_decision("mine")["taskToken"]

    clock.advance(61)

    assert swf.last("DecisionTaskTimedOut")["timeoutType"] == "START_TO_CLOSE"
    assert swf.last("DecisionTaskScheduled")["taskList"] == {"name": "deciders"}


def test_an_override_without_a_timeout_stays(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 10), taskList={"name": "mine"})
    swf.poll_decision("mine")
    clock.advance(61)

    assert swf.last("DecisionTaskScheduled")["taskList"] == {"name": "mine"}


def test_a_poll_that_finds_nothing_ends_after_a_minute(swf: Any, clock: Any) -> None:
    began = clock.now()
    assert "taskToken" not in swf.poll_activity()
    assert clock.now() - began == 60_000


def test_a_poll_waits_for_what_comes_within_the_minute(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 30))
    began = clock.now()

    assert swf.poll_decision()["startedEventId"] == 8
    assert clock.now() - began < 31_000
