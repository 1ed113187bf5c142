"""The fields that every log line about a task carries."""

import logging
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from swflow.attempts import attempt_of


class TaskLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines say which task they are about.

    As `extra` fields: domain, workflowId, runId, type, of an activity its activityId and attempt,
    and the duration in seconds since the task was taken.

    Args:
        logger: where the lines go.
        domain: the domain.
        task: what a poll gave.
    """

    def __init__(self, logger: logging.Logger, domain: str, task: Mapping[str, Any]) -> None:
        kind = task.get("activityType") or task["workflowType"]
        about = {
            "domain": domain,
            "workflowId": task["workflowExecution"]["workflowId"],
            "runId": task["workflowExecution"]["runId"],
            "type": f"{kind['name']} {kind['version']}",
        }
        if "activityId" in task:
            activity_id = task["activityId"]
            about |= {"activityId": activity_id, "attempt": attempt_of(activity_id)}
        super().__init__(logger, about)
        self._began = time.monotonic()

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the fields to a line."""
        duration = round(time.monotonic() - self._began, 3)
        return msg, {**kwargs, "extra": {**(self.extra or {}), "duration": duration}}


class PlainFormatter(logging.Formatter):
    """Lines for people: the fields of a line about a task stand at its end."""

    _FIELDS = ("type", "workflowId", "runId", "activityId", "attempt", "duration")

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write the line without its traceback."""
        said = vars(record)
        about = " ".join(f"{name}={said[name]}" for name in self._FIELDS if name in said)
        return f"{super().formatMessage(record)}{about and f' [{about}]'}"
