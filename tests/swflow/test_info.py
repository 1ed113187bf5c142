"""What a workflow knows of itself, and shows."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from swflow import (
    SwflowError,
    WorkflowType,
    continue_as_new,
    info,
    now,
    publish,
    workflow,
)
from swflow.deciders.replay import Instance
from tests.swflow.flows import Begin, step

HOUR = timedelta(hours=1)


def flow(function: Callable[..., Any]) -> WorkflowType[..., Any]:
    return workflow("Flow", version="1", task_list="flows", execution_timeout=HOUR)(function)


def test_a_workflow_knows_who_it_is(begin: Begin) -> None:
    @flow
    async def knowing() -> list[Any]:
        first = info()
        await step("on")
        last = info()
        return [
            *[last.name, last.version, last.workflow_id, last.run_id, last.tags, last.parent],
            *[first.history_length, last.history_length],
        ]

    history = begin(knowing)
    history.decide()
    history.complete("1", "on")
    assert history.result() == ["Flow", "1", "the-id", "the-run", [], None, 3, 8]


def test_a_child_knows_its_parent_and_its_tags(begin: Begin) -> None:
    @flow
    async def knowing() -> list[Any]:
        return [info().parent, info().tags]

    history = begin(knowing)
    history.events[0]["workflowExecutionStartedEventAttributes"] |= {
        "parentWorkflowExecution": {"workflowId": "mother", "runId": "first"},
        "tagList": ["a", "b"],
    }
    assert history.result() == [["mother", "first"], ["a", "b"]]


def test_what_is_published_goes_with_the_decision_and_the_last_counts() -> None:
    @flow
    async def telling() -> None:
        publish("began")
        publish({"done": 0, "at": datetime(2026, 1, 1, tzinfo=UTC)})
        await step("on")

    instance = Instance(telling)
    event = {"eventTimestamp": 0.0}
    started = {"input": '{"args":[],"kwargs":{}}'}
    instance.feed(
        [
            event
            | {
                "eventId": 1,
                "eventType": "WorkflowExecutionStarted",
                "workflowExecutionStartedEventAttributes": started,
            },
            event | {"eventId": 2, "eventType": "DecisionTaskScheduled"},
            event | {"eventId": 3, "eventType": "DecisionTaskStarted"},
        ]
    )
    assert instance.published == '{"done":0,"at":"2026-01-01T00:00:00Z"}'
    instance.close()


def test_what_cannot_be_published_is_an_error(begin: Begin) -> None:
    @flow
    async def telling() -> None:
        publish(object())

    reason, _ = begin(telling).failure()
    assert "publish(): the value: no JSON form" in reason


@flow
async def counting(count: int) -> None:
    await step("on")
    continue_as_new(count + 1)


def test_it_goes_on_as_a_new_execution_with_the_settings_of_this_one(begin: Begin) -> None:
    history = begin(counting, 7)
    settings = {
        "childPolicy": "ABANDON",
        "executionStartToCloseTimeout": "77",
        "taskStartToCloseTimeout": "7",
        "taskList": {"name": "another"},
        "taskPriority": "3",
        "tagList": ["a"],
    }
    history.events[0]["workflowExecutionStartedEventAttributes"] |= settings
    history.decide()
    history.complete("1", "on")
    (decision,) = history.decide()
    assert decision == {
        "decisionType": "ContinueAsNewWorkflowExecution",
        "continueAsNewWorkflowExecutionDecisionAttributes": {
            "input": '{"args":[8],"kwargs":{}}',
            **settings,
        },
    }


def test_it_can_go_on_as_another_version_with_settings_of_its_own(begin: Begin) -> None:
    @workflow("Flow", version="2", task_list="flows", execution_timeout=2 * HOUR)
    async def renewed(name: str) -> str:
        return name

    @flow
    async def ageing() -> None:
        renewed.options(tags=["new"]).continue_as_new("eve")

    (decision,) = begin(ageing).decide()
    assert decision["continueAsNewWorkflowExecutionDecisionAttributes"] == {
        "workflowTypeVersion": "2",
        "input": '{"args":["eve"],"kwargs":{}}',
        "tagList": ["new"],
        "taskList": {"name": "flows"},
        "executionStartToCloseTimeout": "7200",
        "taskStartToCloseTimeout": "60",
        "childPolicy": "TERMINATE",
    }


def test_a_def_workflow_goes_on_as_well(begin: Begin) -> None:
    @flow
    def counting(count: int) -> None:
        step("on").result()
        continue_as_new(count + 1)

    history = begin(counting, 7)
    history.decide()
    history.complete("1", "on")
    (decision,) = history.decide()
    says = decision["continueAsNewWorkflowExecutionDecisionAttributes"]
    assert json.loads(says["input"])["args"] == [8]


def test_it_cannot_go_on_as_something_else(begin: Begin) -> None:
    @workflow("Other", version="1", task_list="flows", execution_timeout=HOUR)
    async def other() -> None: ...

    @flow
    async def mistaken() -> None:
        other.continue_as_new()

    reason, _ = begin(mistaken).failure()
    assert "Flow cannot go on as Other" in reason


def test_only_the_workflows_own_function_can_go_on(begin: Begin) -> None:
    @flow
    async def mistaken() -> None:
        async def elsewhere() -> None:
            continue_as_new()

        await asyncio.create_task(elsewhere())

    reason, _ = begin(mistaken).failure()
    assert "continue_as_new() ends the workflow's own function" in reason


def test_arguments_that_do_not_fit_are_found_before_it_goes_on(begin: Begin) -> None:
    @flow
    async def mistaken(count: int) -> None:
        continue_as_new(f"{count} and many")

    reason, _ = begin(mistaken, 1).failure()
    assert "argument 'count': Input should be a valid integer" in reason


@pytest.mark.parametrize(
    ("cause", "then"),
    [
        ("UNHANDLED_DECISION", "ContinueAsNewWorkflowExecution"),
        ("WORKFLOW_TYPE_DEPRECATED", "FailWorkflowExecution"),
    ],
)
def test_a_refusal_is_final_unless_something_had_just_happened(
    begin: Begin, cause: str, then: str
) -> None:
    history = begin(counting, 1)
    history.decide()
    history.complete("1", "on")
    history.begin_decision()
    history.decisions()
    completed = history.add("DecisionTaskCompleted")
    why = {"decisionTaskCompletedEventId": completed, "cause": cause}
    history.add("ContinueAsNewWorkflowExecutionFailed", **why)
    assert history.asked() == [then]


@pytest.mark.parametrize("use", [info, now, lambda: publish(1), continue_as_new])
def test_they_are_for_workflows(use: Callable[[], object]) -> None:
    with pytest.raises(SwflowError, match="no workflow is running here"):
        use()
