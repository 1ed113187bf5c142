"""What an execution is started with: what its starter asks for, or its type's defaults."""

from collections.abc import Mapping
from typing import Any

from localswf import errors, limits

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


def check_execution_timeout(
    asked: Mapping[str, Any], path: str = "", parameter: str = "executionStartToCloseTimeout"
) -> None:
    """Refuse an execution that may run for ever, or for longer than a year.

    Args:
        asked: what holds the parameter.
        path: where `asked` is in the request, with a dot at its end.
        parameter: the name of the timeout.

    Raises:
        SwfError: the timeout is NONE or too long.
    """
    seconds = asked.get(parameter)
    if seconds == "NONE":
        rule = "Member must satisfy regular expression pattern: [0-9]+"
        raise errors.constraint(seconds, path + parameter, rule)
    if seconds and int(seconds) > limits.EXECUTION_SECONDS:
        rule = f"Member must have value less than or equal to {limits.EXECUTION_SECONDS}"
        raise errors.constraint(seconds, path + parameter, rule)
