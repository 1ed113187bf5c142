"""Signals and cancel requests from one execution to another: both sides' histories."""

from typing import Any

import pytest

SIGNAL = "SignalExternalWorkflowExecution"
CANCEL = "RequestCancelExternalWorkflowExecution"


def test_a_signal_reaches_the_other_execution(swf: Any) -> None:
    swf.start("target", taskList={"name": "others"})
    swf.start()
    asked = {"workflowId": "target", "signalName": "hurry", "input": "up", "control": "mine"}
    swf.decide(swf.decision(SIGNAL, **asked))

    assert swf.last("SignalExternalWorkflowExecutionInitiated") == {
        **asked,
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.types()[4:] == [
        "SignalExternalWorkflowExecutionInitiated",
        "ExternalWorkflowExecutionSignaled",
        "DecisionTaskScheduled",
    ]
    assert swf.last("ExternalWorkflowExecutionSignaled") == {
        "initiatedEventId": 5,
        "workflowExecution": swf.execution("target"),
    }
    initiated, signaled, scheduled = (event["eventTimestamp"] for event in swf.history()[4:])
    assert initiated < signaled == scheduled
    assert swf.types("target") == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "WorkflowExecutionSignaled",
    ]
    assert swf.last("WorkflowExecutionSignaled", "target") == {
        "externalInitiatedEventId": 5,
        "externalWorkflowExecution": swf.execution(),
        "input": "up",
        "signalName": "hurry",
    }


def test_a_cancel_request_reaches_the_other_execution(swf: Any) -> None:
    swf.start("target", taskList={"name": "others"})
    swf.start()
    swf.decide(swf.decision(CANCEL, **swf.execution("target"), control="mine"))

    assert swf.last("RequestCancelExternalWorkflowExecutionInitiated") == {
        **swf.execution("target"),
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.types()[-2:] == ["ExternalWorkflowExecutionCancelRequested", "DecisionTaskScheduled"]
    assert swf.last("ExternalWorkflowExecutionCancelRequested") == {
        "initiatedEventId": 5,
        "workflowExecution": swf.execution("target"),
    }
    assert swf.last("WorkflowExecutionCancelRequested", "target") == {
        "externalInitiatedEventId": 5,
        "externalWorkflowExecution": swf.execution(),
    }
    assert swf.describe("target")["executionInfo"]["cancelRequested"] is True


@pytest.mark.parametrize(
    ("kind", "extra"), [(SIGNAL, {"signalName": "hurry"}), (CANCEL, {})], ids=["signal", "cancel"]
)
@pytest.mark.parametrize("which", ["nobody", "closed", "another run"])
def test_only_an_open_execution_is_reached(
    swf: Any, kind: str, extra: dict[str, str], which: str
) -> None:
    named = {"workflowId": "target", "control": "mine"}
    if which == "closed":
        swf.start("target")
        swf.decide(swf.complete())
    elif which == "another run":
        swf.start("target", taskList={"name": "others"})
        named["runId"] = "22another"
    swf.start()
    swf.decide(swf.decision(kind, **named, **extra))

    assert swf.types()[-3:] == [f"{kind}Initiated", f"{kind}Failed", "DecisionTaskScheduled"]
    assert swf.last(f"{kind}Failed") == {
        **named,
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 5,
    }
    if which == "another run":
        assert len(swf.types("target")) == 2


def test_what_a_closing_execution_asked_for_is_done_still(swf: Any) -> None:
    swf.start("target", taskList={"name": "others"})
    swf.start()
    signal = swf.decision(SIGNAL, workflowId="target", signalName="bye")
    swf.decide(signal, swf.complete())

    assert swf.types()[-1] == "WorkflowExecutionCompleted"
    assert swf.last("WorkflowExecutionSignaled", "target")["signalName"] == "bye"


def test_an_execution_may_signal_itself(swf: Any) -> None:
    swf.start()
    swf.decide(swf.decision(SIGNAL, workflowId="video", signalName="again"))

    assert swf.types()[-3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionSignaled",
    ]
