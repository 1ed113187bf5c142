"""What decisions do, and what refuses them."""

from typing import Any

import pytest


def test_a_decision_and_all_it_causes_are_one_moment(swf: Any) -> None:
    swf.start()
    swf.decide(swf.marker("m", details=""), swf.start_timer("t", 5), swf.schedule("resize"))

    events = swf.history()[3:]
    assert [event["eventType"] for event in events] == [
        "DecisionTaskCompleted",
        "MarkerRecorded",
        "TimerStarted",
        "ActivityTaskScheduled",
    ]
    assert len({event["eventTimestamp"] for event in events}) == 1
    assert swf.last("MarkerRecorded") == {
        "decisionTaskCompletedEventId": 4,
        "details": "",
        "markerName": "m",
    }
    assert swf.last("TimerStarted") == {
        "decisionTaskCompletedEventId": 4,
        "startToFireTimeout": "5",
        "timerId": "t",
    }


def test_an_activity_has_the_defaults_of_its_type(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", control="", heartbeatTimeout="7"))

    assert swf.last("ActivityTaskScheduled") == {
        "activityId": "resize",
        "activityType": {"name": "Resize", "version": "1"},
        "control": "",
        "decisionTaskCompletedEventId": 4,
        "heartbeatTimeout": "7",
        "scheduleToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
        "startToCloseTimeout": "NONE",
        "taskList": {"name": "workers"},
    }


def test_an_activity_of_no_registered_type_fails_and_the_decider_hears_of_it(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", activityType={"name": "Resize", "version": "2"}))

    assert swf.types()[-2:] == ["ScheduleActivityTaskFailed", "DecisionTaskScheduled"]
    assert swf.last("ScheduleActivityTaskFailed") == {
        "activityId": "resize",
        "activityType": {"name": "Resize", "version": "2"},
        "cause": "ACTIVITY_TYPE_DOES_NOT_EXIST",
        "decisionTaskCompletedEventId": 4,
    }


def test_an_activity_id_can_be_used_again_only_when_its_activity_is_over(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"), swf.schedule("resize"))
    assert swf.last("ScheduleActivityTaskFailed")["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"

    token = swf.poll_activity()["taskToken"]
    swf.client.respond_activity_task_failed(taskToken=token, reason="no", details="{}")
    swf.decide(swf.schedule("resize"))

    assert swf.types()[-1] == "ActivityTaskScheduled"


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("defaultTaskScheduleToStartTimeout", "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED"),
        ("defaultTaskScheduleToCloseTimeout", "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskHeartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ],
)
def test_an_activity_needs_every_setting_from_somewhere(swf: Any, missing: str, cause: str) -> None:
    swf.client.register_activity_type(
        domain="videos",
        name="Bare",
        version="1",
        **{
            name: value
            for name, value in {
                "defaultTaskList": {"name": "workers"},
                "defaultTaskScheduleToStartTimeout": "1",
                "defaultTaskScheduleToCloseTimeout": "1",
                "defaultTaskStartToCloseTimeout": "1",
                "defaultTaskHeartbeatTimeout": "1",
            }.items()
            if name != missing
        },
    )
    swf.start()
    swf.decide(swf.schedule("a", activityType={"name": "Bare", "version": "1"}))

    assert swf.last("ScheduleActivityTaskFailed")["cause"] == cause


def test_timers_have_ids_of_their_own(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 10), swf.start_timer("t", 20), swf.cancel_timer("u"))
    assert swf.types()[5:] == ["StartTimerFailed", "CancelTimerFailed", "DecisionTaskScheduled"]
    assert swf.last("StartTimerFailed")["cause"] == "TIMER_ID_ALREADY_IN_USE"
    assert swf.last("CancelTimerFailed")["cause"] == "TIMER_ID_UNKNOWN"

    swf.decide(swf.cancel_timer("t"), swf.start_timer("t", 30))
    clock.advance(20)

    assert swf.types()[-2:] == ["TimerCanceled", "TimerStarted"]
    assert swf.last("TimerCanceled") == {
        "decisionTaskCompletedEventId": 10,
        "startedEventId": 5,
        "timerId": "t",
    }


def test_completing(swf: Any) -> None:
    swf.start()
    swf.decide(swf.complete(result="done"))

    assert swf.last("WorkflowExecutionCompleted") == {
        "decisionTaskCompletedEventId": 4,
        "result": "done",
    }
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"


def test_failing(swf: Any) -> None:
    swf.start()
    swf.decide(swf.fail(reason="broken", details='{"retry": false}'))

    assert swf.last("WorkflowExecutionFailed") == {
        "decisionTaskCompletedEventId": 4,
        "details": '{"retry": false}',
        "reason": "broken",
    }
    assert swf.describe()["executionInfo"]["closeStatus"] == "FAILED"


@pytest.mark.parametrize(
    ("close", "failed"),
    [
        ("complete", "CompleteWorkflowExecutionFailed"),
        ("fail", "FailWorkflowExecutionFailed"),
        ("cancel", "CancelWorkflowExecutionFailed"),
    ],
)
def test_a_close_that_has_not_seen_everything_fails(swf: Any, close: str, failed: str) -> None:
    swf.start()
    task = swf.poll_decision()
    swf.client.signal_workflow_execution(
        domain="videos", workflowId="video", signalName="wait", input="for me"
    )

    swf.answer(task, getattr(swf, close)())

    assert swf.types()[3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "DecisionTaskCompleted",
        failed,
    ]
    assert swf.last(failed) == {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 6}
    assert swf.last("WorkflowExecutionSignaled") == {
        "externalInitiatedEventId": 0,
        "input": "for me",
        "signalName": "wait",
    }
    swf.decide(getattr(swf, close)())
    assert swf.describe()["executionInfo"]["executionStatus"] == "CLOSED"


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (
            {"decisionType": "StartTimer"},
            "StartTimerDecisionAttributes must be specified for decision of type StartTimer",
        ),
        (
            {"decisionType": "StartTimer", "startTimerDecisionAttributes": {}},
            (
                "2 validation errors detected: Value null at 'decisions.2.member."
                "startTimerDecisionAttributes.timerId' failed to satisfy constraint: Member must "
                "not be null; Value null at 'decisions.2.member.startTimerDecisionAttributes."
                "startToFireTimeout' failed to satisfy constraint: Member must not be null"
            ),
        ),
        (
            {
                "decisionType": "ContinueAsNewWorkflowExecution",
                "continueAsNewWorkflowExecutionDecisionAttributes": {
                    "executionStartToCloseTimeout": "NONE"
                },
            },
            (
                "1 validation error detected: Value 'NONE' at 'decisions.2.member."
                "continueAsNewWorkflowExecutionDecisionAttributes.executionStartToCloseTimeout' "
                "failed to satisfy constraint: Member must satisfy regular expression pattern: "
                "[0-9]+"
            ),
        ),
    ],
)
def test_one_bad_decision_refuses_the_whole_answer(
    swf: Any, decision: dict[str, Any], message: str
) -> None:
    swf.start()
    task = swf.poll_decision()
    refusal = swf.refusal(
        "respond_decision_task_completed",
        taskToken=task["taskToken"],
        decisions=[swf.schedule("resize"), decision],
    )

    assert refusal == ("ValidationException", message)
    assert swf.types()[-1] == "DecisionTaskStarted"
    swf.answer(task, swf.complete())
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


def test_a_close_must_be_the_last_decision(swf: Any) -> None:
    swf.start()
    refusal = swf.refusal(
        "respond_decision_task_completed",
        taskToken=swf.poll_decision()["taskToken"],
        decisions=[swf.complete(), swf.marker("m")],
    )
    assert refusal == ("ValidationException", "Close must be last decision in list")


def test_decisions_before_a_close_that_fails_are_carried_out(swf: Any) -> None:
    swf.start()
    task = swf.poll_decision()
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="wait")
    swf.answer(task, swf.marker("m"), swf.schedule("resize"), swf.complete())

    assert swf.types()[5:] == [
        "DecisionTaskCompleted",
        "MarkerRecorded",
        "ActivityTaskScheduled",
        "CompleteWorkflowExecutionFailed",
    ]


def test_a_refused_decision_does_not_keep_an_execution_open(swf: Any) -> None:
    swf.start()
    swf.decide(swf.cancel_timer("none"), swf.complete())

    assert swf.types()[4:] == ["CancelTimerFailed", "WorkflowExecutionCompleted"]


def test_a_decision_is_answered_once(swf: Any) -> None:
    swf.start()
    task = swf.decide()

    refusal = swf.refusal("respond_decision_task_completed", taskToken=task["taskToken"])

    assert refusal == ("UnknownResourceFault", "Unknown decision task, scheduledEventId = 2")


def test_the_execution_context_is_kept_until_there_is_another(swf: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("a", 1), executionContext="first")
    swf.decide(swf.start_timer("b", 1))

    assert swf.describe()["latestExecutionContext"] == "first"
    assert swf.history()[3]["decisionTaskCompletedEventAttributes"]["executionContext"] == "first"
