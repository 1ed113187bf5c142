"""The fields that every log line about a task carries."""

from collections.abc import Mapping
from typing import Any

from swflow.attempts import attempt_of


def fields(domain: str, task: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The `extra` of a log call.

    Args:
        domain: the domain.
        task: what a poll gave.
        more: further fields.
    """
    kind = task.get("activityType") or task["workflowType"]
    found = {
        "domain": domain,
        "workflowId": task["workflowExecution"]["workflowId"],
        "runId": task["workflowExecution"]["runId"],
        "type": f"{kind['name']} {kind['version']}",
        **more,
    }
    if "activityId" in task:
        found["activityId"] = task["activityId"]
        found["attempt"] = attempt_of(task["activityId"])
    return found
