"""Inside a running activity: who it is, and how it says that it is alive."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.errors import ActivityCancelled
from swflow.retrying import code, is_passing
from swflow.serialize import to_json

_log = logging.getLogger(__name__)

_MAX_DETAILS = 2_048
_LONGEST_INTERVAL = 10.0
_SHORTEST_INTERVAL = 0.2
_FRACTION = 4


@dataclass(frozen=True, slots=True)
class ActivityInfo:
    """A running activity.

    Attributes:
        name: the name of its type.
        version: the version of its type.
        workflow_id: of the execution it belongs to.
        run_id: of the execution it belongs to.
        activity_id: its id in that execution.
        attempt: which attempt it is, from 1.
    """

    name: str
    version: str
    workflow_id: str
    run_id: str
    activity_id: str
    attempt: int


class Unwanted(Enum):
    """Why a task is not wanted any more; the value is for people."""

    CANCELLED = "its cancellation was asked for"
    LOST = "it timed out or its workflow execution closed"


class Heartbeats:
    """The heartbeats of one task, sent by a thread of their own, and only as the activity beats.

    An activity that hangs does not beat, so it times out; one that beats in every round of a tight
    loop costs a call every few seconds.

    Args:
        send: sends a heartbeat with these details; tells whether cancellation is asked for.
        timeout: the task's heartbeat timeout; None if it has none.
    """

    def __init__(self, send: Callable[[str], bool], timeout: timedelta | None) -> None:
        seconds = timeout.total_seconds() if timeout else _LONGEST_INTERVAL * _FRACTION
        self._interval = min(max(seconds / _FRACTION, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
        self._send = send
        self._changed = threading.Condition()
        self._details: str | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self.unwanted: Unwanted | None = None

    def beat(self, details: Any) -> None:
        """Say that the activity is alive and how far it is.

        Raises:
            ActivityCancelled: the task is not wanted any more.
            SerializationError: the details are no JSON, or over 2,048 characters.
        """
        text = to_json(details, "a heartbeat's details", _MAX_DETAILS)
        if self.unwanted is not None:
            raise ActivityCancelled(f"the task is not wanted any more: {self.unwanted.value}")
        with self._changed:
            self._details = text
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send no more; the answer to one that is under way is not looked at."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while (details := self._next()) is not None:
            self._send_once(details)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, self._interval)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._details is not None)
            details, self._details = self._details, None
            return None if self._closed else details

    def _send_once(self, details: str) -> None:
        try:
            if self._send(details):
                self.unwanted = Unwanted.CANCELLED
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
                self.unwanted = Unwanted.LOST
                return
            level = logging.WARNING if is_passing(error) else logging.ERROR
            _log.log(level, "a heartbeat could not be sent: %s", error)
            with self._changed:  # unless the activity has something newer to say
                self._details = self._details or details


@dataclass(frozen=True, slots=True)
class _Running:
    info: ActivityInfo
    heartbeats: Heartbeats


_running: ContextVar[_Running] = ContextVar("swflow.activity")


@contextmanager
def running(info: ActivityInfo, heartbeats: Heartbeats) -> Iterator[None]:
    """The code in here is this activity's."""
    token = _running.set(_Running(info, heartbeats))
    try:
        yield
    finally:
        _running.reset(token)


def heartbeat(details: Any = None) -> None:
    """Say that this activity is alive, and how far it is. Call it often: most calls send nothing.

    Outside an activity that a worker runs it does nothing.

    Args:
        details: anything that JSON can hold, in at most 2,048 characters; the last ones come with
            the timeout, if there is one.

    Raises:
        ActivityCancelled: the task is not wanted any more: its cancellation was asked for, it
            timed out, or its workflow execution closed.
    """
    current = _running.get(None)
    if current is not None:
        current.heartbeats.beat(details)


def activity_info() -> ActivityInfo:
    """The activity that is running here.

    Raises:
        LookupError: none is.
    """
    current = _running.get(None)
    if current is None:
        raise LookupError("no activity is running here: activity_info() is for a worker's activity")
    return current.info
