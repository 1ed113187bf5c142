"""The fields that every log line about a task carries, and how lines are written."""

import json
import logging
import time
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from swflow.values.activity_ids import attempt_of

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class TaskLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines say which task they are about.

    As `extra` fields: domain, workflowId, runId, type, of an activity its activityId and attempt,
    and the duration in seconds since the task was taken.

    Args:
        logger: where the lines go.
        domain: the domain.
        task: what a poll gave.

    Attributes:
        kind: the name and the version of the task's type.
    """

    def __init__(self, logger: logging.Logger, domain: str, task: Mapping[str, Any]) -> None:
        kind = task.get("activityType") or task["workflowType"]
        self.kind = f"{kind['name']} {kind['version']}"
        about = {
            "domain": domain,
            "workflowId": task["workflowExecution"]["workflowId"],
            "runId": task["workflowExecution"]["runId"],
            "type": self.kind,
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
        return msg, {**kwargs, "extra": self.fields()}

    def fields(self) -> dict[str, Any]:
        """What a line that is written now carries."""
        return {**self.about, "duration": round(self.seconds, 3)}

    @property
    def about(self) -> Mapping[str, Any]:
        """The fields that do not change."""
        return self.extra or {}

    @property
    def seconds(self) -> float:
        """For how long the task has been in hand."""
        return time.monotonic() - self._began


_task: ContextVar[TaskLog | None] = ContextVar("swflow.task", default=None)


class speaking_of:  # noqa: N801 - it is used as a function is; a class, as this is for every task
    """What anybody logs in here is about this task, as far as handlers know `TaskFields`."""

    __slots__ = ("_log", "_token")

    def __init__(self, log: TaskLog) -> None:
        self._log = log

    def __enter__(self) -> None:
        self._token = _task.set(self._log)

    def __exit__(self, *_error: object) -> None:
        _task.reset(self._token)


class TaskFields(logging.Filter):
    """Gives a task's fields to the lines that its own code writes, with any logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add what the line does not say by itself."""
        log, said = _task.get(), vars(record)
        if log is not None and "workflowId" not in said:
            said |= log.fields() | said
        return True


def show_tasks() -> None:
    """Give `TaskFields` to every handler that this process has."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    handlers = {
        each for logger in loggers if isinstance(logger, logging.Logger) for each in logger.handlers
    }
    for each in handlers:
        each.addFilter(TaskFields())


class PlainFormatter(logging.Formatter):
    """Lines for people: the fields of a line about a task stand at its end."""

    _FIELDS = ("domain", "type", "workflowId", "runId", "activityId", "attempt", "duration")

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._second = (-1, "")

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802
        """The time of a line; the lines of a second share its text."""
        second = int(record.created)
        if self._second[0] != second:
            self._second = (second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second)))
        return f"{self._second[1]},{int(record.msecs):03d}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write the line without its traceback."""
        said = vars(record)
        about = " ".join(f"{name}={said[name]}" for name in self._FIELDS if name in said)
        return f"{super().formatMessage(record)}{about and f' [{about}]'}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever the line carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record, without its line end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)
