"""The decisions that reach out to other executions and to Lambda functions.

What they ask for is written down here; `localswf.engine.exchange` carries it out.
"""

from typing import Any

from localswf import errors, limits
from localswf.core.deciding import Attributes, Context, type_reference
from localswf.core.parameters import MissingParameter, start_parameters

_LAMBDA_SECONDS = "300"

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
    workflow_type = type_reference(attributes["workflowType"])
    cause, chosen = _settings(context, workflow_type, attributes)
    if len(context.execution.children) >= limits.OPEN_PER_EXECUTION:
        cause = "OPEN_CHILDREN_LIMIT_EXCEEDED"
    elif _domain_is_full(context):
        cause = "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
    if cause:
        return context.fail("StartChildWorkflowExecution", attributes, cause)
    context.add(
        "StartChildWorkflowExecutionInitiated",
        control=attributes.get("control"),
        workflowId=attributes["workflowId"],
        workflowType=workflow_type,
        **chosen,
    )
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
        return context.fail("ContinueAsNewWorkflowExecution", attributes, cause)
    context.add(
        "WorkflowExecutionContinuedAsNew",
        **chosen,
        newExecutionRunId=context.surroundings.new_run_id(),
        workflowType=workflow_type,
    )
    return False


def schedule_lambda(context: Context, attributes: Attributes) -> bool:
    """ScheduleLambdaFunction; where there are no functions, as in a region without AWS Lambda."""
    cause = _lambda_obstacle(context, attributes["id"])
    if cause:
        return context.fail("ScheduleLambdaFunction", attributes, cause)
    chosen = {name: attributes.get(name) for name in ("control", "id", "input", "name")}
    timeout = attributes.get("startToCloseTimeout") or _LAMBDA_SECONDS
    context.add("LambdaFunctionScheduled", **chosen, startToCloseTimeout=timeout)
    return False


def check_lambda_timeout(attributes: Attributes, path: str) -> None:
    """Refuse a time for a Lambda function that AWS Lambda does not have.

    Raises:
        SwfError: it is not between a second and 15 minutes; `path` is where it was given.
    """
    seconds = attributes.get("startToCloseTimeout")
    if not seconds or (seconds != "NONE" and 1 <= int(seconds) <= limits.LAMBDA_SECONDS):
        return
    rule = f"Member must have value between 1 and {limits.LAMBDA_SECONDS}"
    raise errors.constraint(seconds, f"{path}startToCloseTimeout", rule)


def _lambda_obstacle(context: Context, function_id: str) -> str | None:
    """Why a Lambda function cannot be scheduled."""
    if not context.surroundings.has_lambda:
        return "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"
    if function_id in context.execution.lambda_ids:
        return "ID_ALREADY_IN_USE"
    if len(context.execution.lambdas) >= limits.OPEN_PER_EXECUTION:
        return "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"
    return None


def _domain_is_full(context: Context) -> bool:
    """Whether no more executions may be opened, given the children that are yet to start."""
    children = context.execution.children
    room = limits.OPEN_EXECUTIONS - context.surroundings.open_executions()
    return len(children) >= room and sum(not c.started_id for c in children.values()) >= room


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
