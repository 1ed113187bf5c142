"""Cancelling activities and executions: asked for by one side, carried out by the other."""

from typing import Any

import pytest

UNKNOWN = ("UnknownResourceFault", "Unknown execution, workflowId = video")


def test_an_activity_nobody_has_is_cancelled_at_once(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="stop")
    swf.decide(swf.cancel_activity("resize"))

    assert swf.types()[8:] == [
        "DecisionTaskCompleted",
        "ActivityTaskCancelRequested",
        "ActivityTaskCanceled",
        "DecisionTaskScheduled",
    ]
    assert len({event["eventTimestamp"] for event in swf.history()[8:]}) == 1
    assert swf.last("ActivityTaskCancelRequested") == {
        "activityId": "resize",
        "decisionTaskCompletedEventId": 9,
    }
    assert swf.last("ActivityTaskCanceled") == {
        "latestCancelRequestedEventId": 10,
        "scheduledEventId": 5,
        "startedEventId": 0,
    }
    assert "taskToken" not in swf.poll_activity()
    assert swf.describe()["openCounts"]["openActivityTasks"] == 0


def test_an_activity_scheduled_and_cancelled_in_one_answer_is_given_to_nobody(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"), swf.cancel_activity("resize"), swf.schedule("resize"))

    assert swf.poll_activity()["startedEventId"] == 10
    assert "taskToken" not in swf.poll_activity()


def test_a_worker_hears_of_it_by_its_heartbeat_and_decides_itself(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    token = swf.poll_activity()["taskToken"]
    assert not swf.client.record_activity_task_heartbeat(taskToken=token)["cancelRequested"]
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="stop")
    swf.decide(swf.cancel_activity("resize"))

    assert swf.types()[-1] == "ActivityTaskCancelRequested"
    assert swf.client.record_activity_task_heartbeat(taskToken=token)["cancelRequested"]
    swf.client.respond_activity_task_canceled(taskToken=token, details="half")

    assert swf.types()[-2:] == ["ActivityTaskCanceled", "DecisionTaskScheduled"]
    assert swf.last("ActivityTaskCanceled") == {
        "details": "half",
        "latestCancelRequestedEventId": 11,
        "scheduledEventId": 5,
        "startedEventId": 6,
    }
    refusal = swf.refusal("respond_activity_task_canceled", taskToken=token)
    assert refusal == ("UnknownResourceFault", "Unknown activity, scheduledEventId = 5")


def test_a_worker_may_cancel_what_nobody_asked_it_to(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    token = swf.poll_activity()["taskToken"]

    swf.client.respond_activity_task_canceled(taskToken=token)

    assert swf.last("ActivityTaskCanceled") == {"scheduledEventId": 5, "startedEventId": 6}


def test_the_latest_of_several_requests_counts(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    token = swf.poll_activity()["taskToken"]
    for _ in range(2):
        swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")
        swf.decide(swf.cancel_activity("resize"))
    swf.client.respond_activity_task_canceled(taskToken=token)

    assert swf.types().count("ActivityTaskCancelRequested") == 2
    requests = [e for e in swf.history() if e["eventType"] == "ActivityTaskCancelRequested"]
    canceled = swf.last("ActivityTaskCanceled")
    assert canceled["latestCancelRequestedEventId"] == requests[-1]["eventId"]


@pytest.mark.parametrize(
    ("answer", "event_type"),
    [("completed", "ActivityTaskCompleted"), ("failed", "ActivityTaskFailed")],
)
def test_a_worker_that_was_asked_to_stop_may_still_finish(
    swf: Any, answer: str, event_type: str
) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    token = swf.poll_activity()["taskToken"]
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="stop")
    swf.decide(swf.cancel_activity("resize"))
    getattr(swf.client, f"respond_activity_task_{answer}")(taskToken=token)

    assert swf.types()[-2:] == [event_type, "DecisionTaskScheduled"]


def test_an_activity_that_is_not_open_cannot_be_cancelled(swf: Any) -> None:
    swf.start()
    swf.decide(swf.cancel_activity("resize"))

    assert swf.types()[-2:] == ["RequestCancelActivityTaskFailed", "DecisionTaskScheduled"]
    assert swf.last("RequestCancelActivityTaskFailed") == {
        "activityId": "resize",
        "cause": "ACTIVITY_ID_UNKNOWN",
        "decisionTaskCompletedEventId": 4,
    }


def test_an_execution_is_cancelled_by_its_decider(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize"))
    assert swf.describe()["executionInfo"]["cancelRequested"] is False

    swf.client.request_cancel_workflow_execution(domain="videos", workflowId="video")

    assert swf.types()[-2:] == ["WorkflowExecutionCancelRequested", "DecisionTaskScheduled"]
    assert swf.last("WorkflowExecutionCancelRequested") == {"externalInitiatedEventId": 0}
    assert swf.describe()["executionInfo"]["cancelRequested"] is True
    swf.decide(swf.cancel(details="cleaned up"))

    assert swf.last("WorkflowExecutionCanceled") == {
        "decisionTaskCompletedEventId": 9,
        "details": "cleaned up",
    }
    closed = swf.client.list_closed_workflow_executions(
        domain="videos",
        startTimeFilter={"oldestDate": 0},
        closeStatusFilter={"status": "CANCELED"},
    )
    assert [info["cancelRequested"] for info in closed["executionInfos"]] == [True]


def test_only_an_open_execution_can_be_cancelled(swf: Any) -> None:
    request = {"domain": "videos", "workflowId": "video"}
    assert swf.refusal("request_cancel_workflow_execution", **request) == UNKNOWN
    swf.start()
    swf.decide(swf.complete())
    assert swf.refusal("request_cancel_workflow_execution", **request) == UNKNOWN


@pytest.mark.parametrize("close", ["complete", "cancel"])
def test_a_close_by_cancelling_must_be_the_last_decision(swf: Any, close: str) -> None:
    swf.start()
    refusal = swf.refusal(
        "respond_decision_task_completed",
        taskToken=swf.poll_decision()["taskToken"],
        decisions=[getattr(swf, close)(), swf.marker("m")],
    )
    assert refusal == ("ValidationException", "Close must be last decision in list")
