"""What an execution is started with: what its starter asks for, or its type's defaults."""

from collections.abc import Mapping
from typing import Any

from localswf import errors

# In the order in which SWF misses them.
_REQUIRED = {
    "executionStartToCloseTimeout": "defaultExecutionStartToCloseTimeout",
    "taskList": "defaultTaskList",
    "taskStartToCloseTimeout": "defaultTaskStartToCloseTimeout",
    "childPolicy": "defaultChildPolicy",
}


class MissingParameter(Exception):  # noqa: N818 - it names what happened, not a fault of the wire
    """Neither asked for nor a default of the type; its only argument is the parameter's name."""


def start_parameters(asked: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that every kind of start shares, as in WorkflowExecutionStarted.

    Args:
        asked: a request, or the attributes of a decision, to start an execution.
        defaults: those of the workflow type.

    Raises:
        MissingParameter: one is neither asked for nor has a default.
    """
    chosen: dict[str, Any] = {}
    for parameter, default in _REQUIRED.items():
        chosen[parameter] = asked.get(parameter) or defaults.get(default)
        if not chosen[parameter]:
            raise MissingParameter(parameter)
    return {
        **chosen,
        "input": asked.get("input"),
        "lambdaRole": asked.get("lambdaRole") or defaults.get("defaultLambdaRole"),
        "tagList": asked.get("tagList"),
        "taskList": {"name": chosen["taskList"]["name"]},
        "taskPriority": asked.get("taskPriority") or defaults.get("defaultTaskPriority"),
    }


def no_unlimited_execution(parameter: str) -> errors.SwfError:
    """The refusal of NONE where an execution's own timeout is given."""
    rule = "Member must satisfy regular expression pattern: [0-9]+"
    return errors.constraint("NONE", parameter, rule)
