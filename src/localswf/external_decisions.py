"""The decisions that reach out to other executions.

What they ask for is written down here; `localswf.exchange` carries it out.
"""

from typing import Any

from localswf.deciding import Attributes, Context
from localswf.parameters import MissingParameter, start_parameters

OPEN_LIMIT = 1000
"""How many activities, timers and children of each execution may be open."""

_UNDEFINED = {
    "executionStartToCloseTimeout": "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "taskList": "DEFAULT_TASK_LIST_UNDEFINED",
    "taskStartToCloseTimeout": "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "childPolicy": "DEFAULT_CHILD_POLICY_UNDEFINED",
}


def signal_external(context: Context, attributes: Attributes) -> bool:
    """SignalExternalWorkflowExecution."""
    names = ("control", "input", "runId", "signalName", "workflowId")
    chosen = {name: attributes.get(name) for name in names}
    context.add("SignalExternalWorkflowExecutionInitiated", **chosen)
    return False


def request_cancel_external(context: Context, attributes: Attributes) -> bool:
    """RequestCancelExternalWorkflowExecution."""
    chosen = {name: attributes.get(name) for name in ("control", "runId", "workflowId")}
    context.add("RequestCancelExternalWorkflowExecutionInitiated", **chosen)
    return False


def start_child(context: Context, attributes: Attributes) -> bool:
    """StartChildWorkflowExecution."""
    reference = attributes["workflowType"]
    names = {
        "control": attributes.get("control"),
        "workflowId": attributes["workflowId"],
        "workflowType": {"name": reference["name"], "version": reference["version"]},
    }
    cause, chosen = _settings(context, names["workflowType"], attributes)
    if len(context.execution.children) >= OPEN_LIMIT:
        cause = "OPEN_CHILDREN_LIMIT_EXCEEDED"
    if cause:
        context.add("StartChildWorkflowExecutionFailed", **names, cause=cause, initiatedEventId=0)
        return True
    context.add("StartChildWorkflowExecutionInitiated", **names, **chosen)
    return False


def continue_as_new(context: Context, attributes: Attributes) -> bool:
    """ContinueAsNewWorkflowExecution."""
    current = context.execution.started["workflowType"]
    version = attributes.get("workflowTypeVersion") or current["version"]
    workflow_type = {"name": current["name"], "version": version}
    cause, chosen = _settings(context, workflow_type, attributes)
    if context.unhandled:
        cause = "UNHANDLED_DECISION"
    if cause:
        context.add("ContinueAsNewWorkflowExecutionFailed", cause=cause)
        return True
    context.add(
        "WorkflowExecutionContinuedAsNew",
        **chosen,
        newExecutionRunId=context.surroundings.new_run_id(),
        workflowType=workflow_type,
    )
    return False


def schedule_lambda(context: Context, attributes: Attributes) -> bool:
    """ScheduleLambdaFunction, which fails as in a region without AWS Lambda."""
    context.add(
        "ScheduleLambdaFunctionFailed",
        cause="LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        id=attributes["id"],
        name=attributes["name"],
    )
    return True


def _settings(
    context: Context, workflow_type: dict[str, str], attributes: Attributes
) -> tuple[str, dict[str, Any]]:
    """Why an execution cannot be started, or with which parameters."""
    defaults = context.surroundings.workflow_defaults(
        workflow_type["name"], workflow_type["version"]
    )
    if isinstance(defaults, str):
        return defaults, {}
    try:
        return "", start_parameters(attributes, defaults)
    except MissingParameter as missing:
        return _UNDEFINED[missing.args[0]], {}
