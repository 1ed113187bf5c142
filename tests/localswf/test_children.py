"""Children and continued runs: how they begin, what they tell, how they end with their parent."""

from typing import Any

import pytest

PROCESS = {"name": "Process", "version": "1"}
DEFAULTS = {
    "defaultTaskList": {"name": "deciders"},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}
CAUSES = [
    ("defaultExecutionStartToCloseTimeout", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    ("defaultTaskStartToCloseTimeout", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ("defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
]


def child(swf: Any, workflow_id: str = "child", **attributes: Any) -> dict[str, Any]:
    asked = {"workflowId": workflow_id, "workflowType": PROCESS, **attributes}
    return swf.decision("StartChildWorkflowExecution", **asked)


def continued(swf: Any, **attributes: Any) -> dict[str, Any]:
    return swf.decision("ContinueAsNewWorkflowExecution", **attributes)


def start_child(swf: Any, **attributes: Any) -> None:
    """A parent with a child on a list of its own."""
    swf.start(**attributes)
    swf.decide(child(swf, taskList={"name": "nursery"}, input="toys", control="mine"))
    started = swf.last("ChildWorkflowExecutionStarted")
    swf.runs["child"] = started["workflowExecution"]["runId"]


def answer_child(swf: Any, *decisions: dict[str, Any]) -> None:
    swf.answer(swf.poll_decision("nursery"), *decisions)


def register(swf: Any, missing: str) -> None:
    given = {name: value for name, value in DEFAULTS.items() if name != missing}
    swf.client.register_workflow_type(domain="videos", name="Process", version="2", **given)


def test_a_child_is_started(swf: Any) -> None:
    start_child(swf)

    chosen = {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "3600",
        "input": "toys",
        "taskList": {"name": "nursery"},
        "taskStartToCloseTimeout": "60",
        "workflowType": PROCESS,
    }
    assert swf.last("StartChildWorkflowExecutionInitiated") == {
        **chosen,
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
        "workflowId": "child",
    }
    assert swf.types()[-2:] == ["ChildWorkflowExecutionStarted", "DecisionTaskScheduled"]
    assert swf.last("ChildWorkflowExecutionStarted") == {
        "initiatedEventId": 5,
        "workflowExecution": swf.execution("child"),
        "workflowType": PROCESS,
    }
    initiated, started = (event["eventTimestamp"] for event in swf.history()[4:6])
    assert initiated < started
    assert initiated <= swf.history("child")[0]["eventTimestamp"]
    assert swf.last("WorkflowExecutionStarted", "child") == {
        **chosen,
        "parentInitiatedEventId": 5,
        "parentWorkflowExecution": swf.execution(),
    }
    assert swf.describe("child")["executionInfo"]["parent"] == swf.execution()
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 1


@pytest.mark.parametrize(
    ("close", "told", "attributes"),
    [
        ("complete", "Completed", {"result": "done"}),
        ("fail", "Failed", {"reason": "broken", "details": "{}"}),
        ("cancel", "Canceled", {"details": "stopped"}),
    ],
)
def test_the_parent_hears_how_its_child_ended(
    swf: Any, close: str, told: str, attributes: dict[str, str]
) -> None:
    start_child(swf)
    swf.decide()
    answer_child(swf, getattr(swf, close)(**attributes))

    event_type = f"ChildWorkflowExecution{told}"
    assert swf.types()[-2:] == [event_type, "DecisionTaskScheduled"]
    assert swf.last(event_type) == {
        **attributes,
        "initiatedEventId": 5,
        "startedEventId": 6,
        "workflowExecution": swf.execution("child"),
        "workflowType": PROCESS,
    }
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 0


def test_the_parent_hears_that_its_child_was_terminated(swf: Any) -> None:
    start_child(swf)
    swf.client.terminate_workflow_execution(domain="videos", workflowId="child", reason="enough")
    assert swf.last("ChildWorkflowExecutionTerminated") == {
        "initiatedEventId": 5,
        "startedEventId": 6,
        "workflowExecution": swf.execution("child"),
        "workflowType": PROCESS,
    }


def test_the_parent_hears_that_its_child_timed_out(swf: Any, clock: Any) -> None:
    swf.start()
    swf.decide(child(swf, executionStartToCloseTimeout="30"))
    clock.advance(31)
    assert swf.last("ChildWorkflowExecutionTimedOut")["timeoutType"] == "START_TO_CLOSE"


@pytest.mark.parametrize("how", ["terminate", "time out"])
@pytest.mark.parametrize(
    ("policy", "after"),
    [
        ("TERMINATE", ("CLOSED", False)),
        ("REQUEST_CANCEL", ("OPEN", True)),
        ("ABANDON", ("OPEN", False)),
    ],
)
def test_the_child_policy(
    swf: Any, clock: Any, how: str, policy: str, after: tuple[str, bool]
) -> None:
    start_child(swf, childPolicy=policy, executionStartToCloseTimeout="30")
    if how == "terminate":
        swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    else:
        clock.advance(31)

    info = swf.describe("child")["executionInfo"]
    assert (info["executionStatus"], info["cancelRequested"]) == after
    if policy == "TERMINATE":
        assert swf.last("WorkflowExecutionTerminated", "child") == {
            "cause": "CHILD_POLICY_APPLIED",
            "childPolicy": "TERMINATE",
        }
    if policy == "REQUEST_CANCEL":
        assert swf.last("WorkflowExecutionCancelRequested", "child") == {
            "cause": "CHILD_POLICY_APPLIED",
            "externalInitiatedEventId": 0,
        }


def test_a_policy_given_when_terminating_goes_first(swf: Any) -> None:
    start_child(swf, childPolicy="TERMINATE")
    swf.client.terminate_workflow_execution(
        domain="videos", workflowId="video", childPolicy="ABANDON"
    )
    assert swf.describe("child")["executionInfo"]["executionStatus"] == "OPEN"


def test_a_child_outlives_a_parent_that_completes(swf: Any) -> None:
    start_child(swf)
    swf.decide(swf.complete())
    assert swf.describe("child")["executionInfo"]["executionStatus"] == "OPEN"
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 0
    answer_child(swf, swf.complete())
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


def test_grandchildren_go_with_their_parents(swf: Any) -> None:
    start_child(swf)
    answer_child(swf, child(swf, "grandchild"))
    started = swf.last("ChildWorkflowExecutionStarted", "child")
    swf.runs["grandchild"] = started["workflowExecution"]["runId"]
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    assert swf.types("grandchild")[-1] == "WorkflowExecutionTerminated"


def test_a_child_needs_a_workflow_id_of_its_own(swf: Any) -> None:
    swf.start()
    swf.decide(child(swf, "video", control="mine"))

    assert swf.types()[-3:] == [
        "StartChildWorkflowExecutionInitiated",
        "StartChildWorkflowExecutionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.last("StartChildWorkflowExecutionFailed") == {
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 5,
        "workflowId": "video",
        "workflowType": PROCESS,
    }
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 0


def test_a_child_needs_a_registered_type(swf: Any) -> None:
    swf.start()
    swf.decide(child(swf, workflowType={"name": "Process", "version": "9"}))

    assert swf.types()[-2:] == ["StartChildWorkflowExecutionFailed", "DecisionTaskScheduled"]
    assert swf.last("StartChildWorkflowExecutionFailed") == {
        "cause": "WORKFLOW_TYPE_DOES_NOT_EXIST",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 0,
        "workflowId": "child",
        "workflowType": {"name": "Process", "version": "9"},
    }


def test_a_deprecated_type_begins_nothing(swf: Any) -> None:
    swf.start()
    swf.client.deprecate_workflow_type(domain="videos", workflowType=PROCESS)
    swf.decide(child(swf))
    failed = swf.last("StartChildWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_TYPE_DEPRECATED"
    swf.decide(continued(swf))
    failed = swf.last("ContinueAsNewWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_TYPE_DEPRECATED"


@pytest.mark.parametrize(("missing", "cause"), CAUSES)
def test_a_child_needs_every_parameter_from_somewhere(swf: Any, missing: str, cause: str) -> None:
    register(swf, missing)
    swf.start()
    swf.decide(child(swf, workflowType={"name": "Process", "version": "2"}))
    assert swf.last("StartChildWorkflowExecutionFailed")["cause"] == cause


def test_a_run_is_continued_as_a_new_one(swf: Any) -> None:
    swf.start(input="first", tagList=["a"])
    swf.decide(continued(swf, input="second", tagList=["b"], executionStartToCloseTimeout="99"))

    first = swf.runs["video"]
    event = swf.last("WorkflowExecutionContinuedAsNew")
    swf.runs["video"] = event.pop("newExecutionRunId")
    chosen = {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "99",
        "input": "second",
        "tagList": ["b"],
        "taskList": {"name": "deciders"},
        "taskStartToCloseTimeout": "60",
        "workflowType": PROCESS,
    }
    assert event == {**chosen, "decisionTaskCompletedEventId": 4}
    assert swf.types() == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    assert swf.last("WorkflowExecutionStarted") == {
        **chosen,
        "continuedExecutionRunId": first,
        "parentInitiatedEventId": 0,
    }
    swf.decide(swf.complete())
    swf.runs["video"] = first
    assert swf.describe()["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"


def test_a_continued_run_has_all_that_was_asked_for(swf: Any) -> None:
    asked = {
        "childPolicy": "ABANDON",
        "executionStartToCloseTimeout": "99",
        "input": "second",
        "lambdaRole": "arn:aws:iam::123456789012:role/lambda",
        "tagList": ["a", "b"],
        "taskList": {"name": "others"},
        "taskPriority": "-7",
        "taskStartToCloseTimeout": "NONE",
    }
    swf.start(input="first", taskPriority="3", tagList=["c"])
    first = swf.runs["video"]
    swf.decide(continued(swf, **asked))

    event = swf.last("WorkflowExecutionContinuedAsNew")
    swf.runs["video"] = event["newExecutionRunId"]
    assert event.items() >= asked.items()
    assert swf.last("WorkflowExecutionStarted") == {
        **asked,
        "continuedExecutionRunId": first,
        "parentInitiatedEventId": 0,
        "workflowType": PROCESS,
    }
    assert swf.last("DecisionTaskScheduled")["taskPriority"] == "-7"


def test_a_continued_run_inherits_from_its_type_alone(swf: Any) -> None:
    asked = {"input": "first", "taskPriority": "3", "tagList": ["c"], "childPolicy": "ABANDON"}
    swf.start(**asked, taskList={"name": "deciders"}, executionStartToCloseTimeout="77")
    swf.decide(continued(swf))
    swf.runs["video"] = swf.last("WorkflowExecutionContinuedAsNew")["newExecutionRunId"]

    started = swf.last("WorkflowExecutionStarted")
    assert not {"input", "taskPriority", "tagList"} & set(started)
    assert started["childPolicy"] == "TERMINATE"
    assert started["executionStartToCloseTimeout"] == "3600"


def test_a_child_has_all_that_was_asked_for(swf: Any) -> None:
    asked = {
        "childPolicy": "ABANDON",
        "executionStartToCloseTimeout": "99",
        "input": "toys",
        "lambdaRole": "arn:aws:iam::123456789012:role/lambda",
        "tagList": ["a", "b"],
        "taskList": {"name": "others"},
        "taskPriority": "-7",
        "taskStartToCloseTimeout": "NONE",
    }
    swf.start()
    swf.decide(child(swf, control="mine", **asked))

    started = swf.last("ChildWorkflowExecutionStarted")["workflowExecution"]
    swf.runs["child"] = started["runId"]
    initiated = swf.last("StartChildWorkflowExecutionInitiated")
    assert initiated.items() >= {**asked, "control": "mine"}.items()
    assert swf.last("WorkflowExecutionStarted", "child") == {
        **asked,
        "parentInitiatedEventId": 5,
        "parentWorkflowExecution": swf.execution(),
        "workflowType": PROCESS,
    }


def test_a_continued_run_may_be_of_another_version(swf: Any) -> None:
    register(swf, "nothing")
    swf.start()
    swf.decide(continued(swf, workflowTypeVersion="2"))
    assert swf.last("WorkflowExecutionContinuedAsNew")["workflowType"]["version"] == "2"


@pytest.mark.parametrize(("missing", "cause"), [*CAUSES, ("all", "WORKFLOW_TYPE_DOES_NOT_EXIST")])
def test_a_run_that_cannot_be_continued_goes_on(swf: Any, missing: str, cause: str) -> None:
    if missing != "all":
        register(swf, missing)
    swf.start()
    swf.decide(continued(swf, workflowTypeVersion="2"))

    assert swf.types()[-1] == "DecisionTaskScheduled"
    assert swf.last("ContinueAsNewWorkflowExecutionFailed") == {
        "cause": cause,
        "decisionTaskCompletedEventId": 4,
    }


def test_a_run_that_is_continued_keeps_its_workflow_id(swf: Any) -> None:
    swf.start()
    child = swf.decision("StartChildWorkflowExecution", workflowId="video", workflowType=PROCESS)
    swf.decide(child, swf.decision("ContinueAsNewWorkflowExecution"))

    execution = swf.last("WorkflowExecutionContinuedAsNew")["newExecutionRunId"]
    listed = swf.client.list_open_workflow_executions(
        domain="videos", startTimeFilter={"oldestDate": 0}
    )["executionInfos"]
    assert [info["execution"]["runId"] for info in listed] == [execution]


def test_a_run_with_something_unseen_is_not_continued(swf: Any) -> None:
    swf.start()
    task = swf.poll_decision()
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="wait")
    swf.answer(task, continued(swf))
    failed = swf.last("ContinueAsNewWorkflowExecutionFailed")
    assert failed["cause"] == "UNHANDLED_DECISION"


def test_a_child_continued_is_its_parents_child_still(swf: Any) -> None:
    start_child(swf)
    answer_child(swf, continued(swf, taskList={"name": "nursery"}))
    assert swf.types()[-2:] == ["ChildWorkflowExecutionStarted", "DecisionTaskScheduled"]
    again = swf.poll_decision("nursery")
    swf.answer(again, swf.complete())

    completed = swf.last("ChildWorkflowExecutionCompleted")
    assert completed["workflowExecution"] == again["workflowExecution"]
    assert completed["workflowExecution"] != swf.execution("child")


def test_a_continued_child_goes_with_its_parent(swf: Any) -> None:
    start_child(swf)
    answer_child(swf, continued(swf, taskList={"name": "nursery"}))
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    opened = swf.client.list_open_workflow_executions(
        domain="videos", startTimeFilter={"oldestDate": 0}
    )
    assert opened["executionInfos"] == []


def test_somebody_elses_execution_is_no_child(swf: Any) -> None:
    start_child(swf)
    answer_child(swf, swf.complete())
    swf.start("child")
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    assert swf.describe("child")["executionInfo"]["executionStatus"] == "OPEN"


def test_an_execution_that_was_there_before_is_no_child(
    swf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    swf.start("child", taskList={"name": "others"})
    swf.start()
    task = swf.poll_decision()
    monkeypatch.setattr("localswf.limits.EVENTS", 5)
    swf.answer(task, child(swf))
    assert swf.types()[-2:] == [
        "StartChildWorkflowExecutionInitiated",
        "WorkflowExecutionTerminated",
    ]
    assert swf.describe("child")["executionInfo"]["executionStatus"] == "OPEN"


def test_a_parent_continued_hears_nothing_of_its_first_runs_children(swf: Any) -> None:
    start_child(swf)
    swf.decide(continued(swf))
    answer_child(swf, swf.complete())
    swf.runs["video"] = swf.last("WorkflowExecutionContinuedAsNew")["newExecutionRunId"]
    assert swf.types() == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    assert swf.types("child")[-1] == "WorkflowExecutionCompleted"


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
@pytest.mark.parametrize("how", ["child", "continued"])
def test_a_new_execution_has_the_child_policy_asked_for(swf: Any, how: str, policy: str) -> None:
    swf.start()
    if how == "child":
        swf.decide(child(swf, childPolicy=policy))
        event = swf.last("StartChildWorkflowExecutionInitiated")
        swf.runs["child"] = swf.last("ChildWorkflowExecutionStarted")["workflowExecution"]["runId"]
        new = "child"
    else:
        swf.decide(continued(swf, childPolicy=policy))
        event = swf.last("WorkflowExecutionContinuedAsNew")
        swf.runs["video"] = event["newExecutionRunId"]
        new = "video"
    assert event["childPolicy"] == policy
    assert swf.describe(new)["executionConfiguration"]["childPolicy"] == policy
