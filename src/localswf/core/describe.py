"""What DescribeWorkflowExecution tells of an execution."""

from typing import Any

from localswf.core.events import wire_time
from localswf.core.state import State


def describe(execution: State) -> dict[str, Any]:
    """A WorkflowExecutionDetail, as on the wire."""
    detail: dict[str, Any] = {
        "executionInfo": execution_info(execution),
        "executionConfiguration": _configuration(execution),
        "openCounts": {
            "openActivityTasks": len(execution.activities),
            "openDecisionTasks": int(execution.has_decision),
            "openTimers": len(execution.timers),
            "openChildWorkflowExecutions": 0 if execution.closed else len(execution.children),
            "openLambdaFunctions": len(execution.lambdas),
        },
    }
    if execution.last_activity_at is not None:
        detail["latestActivityTaskTimestamp"] = wire_time(execution.last_activity_at)
    if execution.execution_context is not None:
        detail["latestExecutionContext"] = execution.execution_context
    return detail


def execution_info(execution: State) -> dict[str, Any]:
    """A WorkflowExecutionInfo, as on the wire."""
    info = {
        "execution": execution.reference,
        "workflowType": execution.started["workflowType"],
        "startTimestamp": wire_time(execution.started_at),
        "executionStatus": "CLOSED" if execution.closed else "OPEN",
        "cancelRequested": execution.cancel_requested,
    }
    if execution.closed:
        info["closeTimestamp"] = wire_time(execution.closed_at)
        info["closeStatus"] = execution.close_status
    if "parentWorkflowExecution" in execution.started:
        info["parent"] = execution.started["parentWorkflowExecution"]
    if "tagList" in execution.started:
        info["tagList"] = execution.started["tagList"]
    return info


def _configuration(execution: State) -> dict[str, Any]:
    started = execution.started
    required = (
        "taskStartToCloseTimeout",
        "executionStartToCloseTimeout",
        "taskList",
        "childPolicy",
    )
    configuration = {name: started[name] for name in required}
    for name in ("taskPriority", "lambdaRole"):
        if name in started:
            configuration[name] = started[name]
    return configuration
