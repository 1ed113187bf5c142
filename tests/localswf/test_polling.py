"""Who gets which task, and which part of the history comes with it."""

from typing import Any

import pytest


def ids(task: dict[str, Any]) -> list[int]:
    return [event["eventId"] for event in task["events"]]


def test_a_decision_task_brings_the_history_up_to_its_start(swf: Any) -> None:
    swf.start(input="{}", tagList=["a", "b"])

    task = swf.poll_decision(identity="decider 1")

    assert task["workflowExecution"] == swf.execution()
    assert task["workflowType"] == {"name": "Process", "version": "1"}
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert "nextPageToken" not in task
    assert ids(task) == [1, 2, 3]
    assert task["events"][2]["decisionTaskStartedEventAttributes"] == {
        "identity": "decider 1",
        "scheduledEventId": 2,
    }
    assert task["events"][0]["workflowExecutionStartedEventAttributes"] == {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "3600",
        "input": "{}",
        "parentInitiatedEventId": 0,
        "tagList": ["a", "b"],
        "taskList": {"name": "deciders"},
        "taskStartToCloseTimeout": "60",
        "workflowType": {"name": "Process", "version": "1"},
    }


def test_an_activity_task_brings_its_input(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("resize", input="in"), swf.schedule("bare"))

    task, bare = swf.poll_activity(identity="worker 1"), swf.poll_activity()

    assert {name: task[name] for name in task if name not in {"taskToken", "ResponseMetadata"}} == {
        "activityId": "resize",
        "activityType": {"name": "Resize", "version": "1"},
        "input": "in",
        "startedEventId": 7,
        "workflowExecution": swf.execution(),
    }
    assert "input" not in bare
    assert swf.history()[6]["activityTaskStartedEventAttributes"]["identity"] == "worker 1"


def test_one_decision_task_is_started_at_a_time(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("a"), swf.schedule("b"), swf.schedule("c"))
    tokens = [swf.poll_activity()["taskToken"] for _ in range(3)]

    swf.client.respond_activity_task_completed(taskToken=tokens[0])
    task = swf.poll_decision()
    for token in tokens[1:]:
        swf.client.respond_activity_task_completed(taskToken=token)
    assert swf.poll_decision()["taskToken"] == ""
    swf.answer(task)

    assert swf.types()[10:] == [
        "ActivityTaskCompleted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "ActivityTaskCompleted",
        "DecisionTaskScheduled",
        "ActivityTaskCompleted",
        "DecisionTaskCompleted",
    ]
    assert swf.poll_decision()["previousStartedEventId"] == task["startedEventId"]


def test_what_is_new_since_the_previous_decision(swf: Any) -> None:
    swf.start()
    assert ids(swf.poll_decision(startAtPreviousStartedEvent=True)) == [1, 2, 3]


def test_a_delta_begins_with_the_previous_start(swf: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 1))

    task = swf.poll_decision(startAtPreviousStartedEvent=True)

    assert task["previousStartedEventId"] == 3
    assert ids(task) == [3, 4, 5, 6, 7, 8]


def test_a_decision_tasks_history_in_pages(swf: Any) -> None:
    swf.start()
    swf.decide(*[swf.marker(str(number)) for number in range(5)], swf.start_timer("t", 1))
    task = swf.poll_decision(maximumPageSize=5)
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="later")

    pages, page = [ids(task)], task
    while "nextPageToken" in page:
        page = swf.poll_decision(maximumPageSize=5, nextPageToken=page["nextPageToken"])
        pages.append(ids(page))
        for same in ("startedEventId", "previousStartedEventId", "workflowExecution"):
            assert page[same] == task[same]

    assert pages == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13]]
    swf.answer(page)


def test_a_decision_tasks_history_newest_first(swf: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 1))

    task = swf.poll_decision(maximumPageSize=6, reverseOrder=True)
    rest = swf.poll_decision(maximumPageSize=6, nextPageToken=task["nextPageToken"])

    assert (ids(task), ids(rest)) == ([8, 7, 6, 5, 4, 3], [2, 1])


@pytest.mark.parametrize(
    ("reverse", "expected"), [(False, [[3, 4, 5], [6, 7, 8]]), (True, [[8, 7, 6], [5, 4, 3]])]
)
def test_a_delta_in_pages(swf: Any, *, reverse: bool, expected: list[list[int]]) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 1))
    delta = {"maximumPageSize": 3, "reverseOrder": reverse}
    task = swf.poll_decision(startAtPreviousStartedEvent=True, **delta)
    rest = swf.poll_decision(maximumPageSize=3, nextPageToken=task["nextPageToken"])

    assert [ids(task), ids(rest)] == expected
    assert "nextPageToken" not in rest


def test_the_previous_decision_is_the_last_that_was_answered(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(swf.start_timer("t", 1))
    late = swf.poll_decision()
    clock.advance(61)

    task = swf.poll_decision(startAtPreviousStartedEvent=True)

    assert late["previousStartedEventId"] == task["previousStartedEventId"] == 3
    assert ids(task) == [*range(3, 12)]


@pytest.mark.parametrize(
    ("reverse", "expected"),
    [(False, [[1, 2, 3], [4, 5, 6], [7]]), (True, [[7, 6, 5], [4, 3, 2], [1]])],
)
def test_a_history_in_pages(swf: Any, *, reverse: bool, expected: list[list[int]]) -> None:
    swf.start()
    swf.decide(swf.marker("a"), swf.marker("b"), swf.complete())

    pages, token = [], {}
    while len(pages) < 9:
        page = swf.client.get_workflow_execution_history(
            domain="videos",
            execution=swf.execution(),
            maximumPageSize=3,
            reverseOrder=reverse,
            **token,
        )
        pages.append(ids(page))
        if "nextPageToken" not in page:
            break
        token = {"nextPageToken": page["nextPageToken"]}

    assert pages == expected


def test_page_tokens_belong_to_one_execution(swf: Any) -> None:
    swf.start("one")
    swf.start("two")
    page = swf.client.get_workflow_execution_history(
        domain="videos", execution=swf.execution("one"), maximumPageSize=1
    )
    refusal = swf.refusal(
        "get_workflow_execution_history",
        domain="videos",
        execution=swf.execution("two"),
        nextPageToken=page["nextPageToken"],
    )
    assert refusal == ("ValidationException", "Invalid token")


@pytest.mark.parametrize("token", ["", "AAAA", "not base64!", "\u00e9", "9" * 1024])
def test_a_token_that_was_never_given_out(swf: Any, token: str) -> None:
    code, message = swf.refusal("respond_activity_task_completed", taskToken=token)
    assert code == "ValidationException"
    if token:
        assert message == "Invalid token"


def test_a_token_of_one_kind_does_not_do_for_another(swf: Any) -> None:
    swf.start()
    token = swf.poll_decision()["taskToken"]
    assert swf.refusal("respond_activity_task_completed", taskToken=token) == (
        "ValidationException",
        "Invalid token",
    )


def test_tasks_come_in_the_order_of_their_schedule(swf: Any) -> None:
    swf.start()
    swf.decide(*[swf.schedule(str(number)) for number in range(5)])
    assert [swf.poll_activity()["activityId"] for _ in range(5)] == list("01234")


def test_higher_priorities_go_first(swf: Any) -> None:
    swf.start()
    swf.decide(
        swf.schedule("low", taskPriority="-1"),
        swf.schedule("none"),
        swf.schedule("high", taskPriority="10"),
        swf.schedule("high too", taskPriority="10"),
    )
    order = [swf.poll_activity()["activityId"] for _ in range(4)]
    assert order == ["high", "high too", "none", "low"]


def test_decision_tasks_have_the_priority_of_their_execution(swf: Any) -> None:
    swf.start("later")
    swf.start("sooner", taskPriority="5")

    assert swf.poll_decision()["workflowExecution"]["workflowId"] == "sooner"
    assert swf.last("DecisionTaskScheduled", "sooner")["taskPriority"] == "5"


def test_lists_of_different_domains_have_nothing_to_do_with_each_other(swf: Any) -> None:
    swf.start()
    swf.client.register_domain(name="other", workflowExecutionRetentionPeriodInDays="1")

    empty = swf.client.poll_for_decision_task(domain="other", taskList={"name": "deciders"})

    assert empty["taskToken"] == ""
    assert swf.poll_decision()["taskToken"] != ""


def test_empty_polls(swf: Any) -> None:
    decision, activity = swf.poll_decision(), swf.poll_activity()
    del decision["ResponseMetadata"], activity["ResponseMetadata"]

    assert decision == {"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}
    assert activity == {}
