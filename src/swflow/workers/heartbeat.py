"""The heartbeats of a process's tasks, sent beside the work."""

import asyncio
import heapq
import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from datetime import timedelta
from enum import Enum
from itertools import count
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.retrying import code, is_passing
from swflow.errors import ActivityCancelled, SerializationError
from swflow.values.progress import details_of
from swflow.values.sealing import Sealer

_log = logging.getLogger(__name__)

_LONGEST_INTERVAL = 10.0
_SHORTEST_INTERVAL = 0.2
_FRACTION = 4
_MOST_THREADS = 8


class Unwanted(Enum):
    """Why a task is not wanted any more; the value is for people."""

    CANCELLED = "its cancellation was asked for"
    LOST = "it timed out or its workflow execution closed"


class Sender:
    """Sends the heartbeats of all tasks of a process, when each is due.

    One thread does it as long as nobody has to wait for it: where a heartbeat takes its time, as
    one whose details are stored somewhere, another thread sends the next.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Heartbeats]] = []
        self._number = count()
        self._changed = threading.Condition()
        self._threads = 0
        self._waiting = 0

    def add(self, at: float, heartbeats: "Heartbeats") -> None:
        """Send one of these at a time of the monotonic clock."""
        with self._changed:
            heapq.heappush(self._due, (at, next(self._number), heartbeats))
            self._see_to_the_next()

    def _see_to_the_next(self) -> None:
        """Somebody has to wait for what is due next."""
        if self._waiting:
            self._changed.notify()
        elif self._threads < _MOST_THREADS:
            self._threads += 1
            threading.Thread(target=self._run, name="heartbeats", daemon=True).start()

    def _run(self) -> None:
        while True:
            heartbeats = self._next()
            try:
                heartbeats.send()
            except Exception:  # noqa: BLE001 - the other tasks' heartbeats must go on
                _log.exception("a heartbeat could not be sent")

    def _next(self) -> "Heartbeats":
        with self._changed:
            self._waiting += 1
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            self._waiting -= 1
            next_one = heapq.heappop(self._due)[2]
            if self._due:
                self._see_to_the_next()
            return next_one


class Heartbeats:
    """The heartbeats of one task, sent only as the activity beats.

    An activity that hangs does not beat, so it times out; one that beats in every round of a tight
    loop costs a call every few seconds.

    Args:
        sender: sends them when they are due.
        send: sends a heartbeat with these details; tells whether cancellation is asked for.
        sealer: knows how long their details may be.
        timeout: the task's heartbeat timeout; None if it has none.
        on_unwanted: for a coroutine: called by the sender's thread when the task is not wanted any
            more, in place of an ActivityCancelled from `beat` in the event loop.
    """

    def __init__(
        self,
        sender: Sender,
        send: Callable[[str], bool],
        sealer: Sealer,
        timeout: timedelta | None,
        on_unwanted: Callable[[], None] | None = None,
    ) -> None:
        seconds = timeout.total_seconds() if timeout else _LONGEST_INTERVAL * _FRACTION
        self._interval = min(max(seconds / _FRACTION, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
        self._sender = sender
        self._send = send
        self._sealer = sealer
        self._on_unwanted = on_unwanted
        self._details: Any = None
        self._waiting = False
        self._is_new = False
        self._waits = threading.Lock()
        self._next_at = 0.0
        self._by_themselves = 0
        self._error: BaseException | None = None
        self._closed = False
        self._context = copy_context()  # what is logged for the task says which it is
        self.unwanted: Unwanted | None = None

    def beat(self, details: Any) -> None:
        """Say that the activity is alive and how far it is.

        Raises:
            ActivityCancelled: the task is not wanted any more.
            SerializationError: these or earlier details are no JSON; or they are over 2,048
                characters, and there is no payload store.
        """
        if self._error is not None:
            self._raise(self._error)
        self._details = details
        self._is_new = True
        if not self._waiting:
            details_of(details, self._sealer)  # a mistake is found where it is made
            self._wait()

    def begin_by_themselves(self) -> None:
        """Send them without the activity's beating, until `end_by_themselves`."""
        self._by_themselves += 1
        self._wait()

    def end_by_themselves(self) -> None:
        """Send them only as the activity beats."""
        self._by_themselves -= 1

    def refuse(self, error: BaseException) -> None:
        """Raise this from the next `beat` on."""
        self._error = error

    def close(self) -> None:
        """Send no more; the answer to one that is under way is not looked at."""
        self._closed = True

    def send(self) -> None:
        """Send the newest details; for the sender."""
        if not self._closed:
            self._context.run(self._send_newest)

    def _send_newest(self) -> None:
        self._next_at = time.monotonic() + self._interval
        self._is_new = False
        try:
            if self._send(details_of(self._details, self._sealer)):
                self._give_up(Unwanted.CANCELLED)
        except SerializationError as error:
            self.refuse(error)
        except (BotoCoreError, ClientError) as error:
            self._failed(error)
        finally:
            self._waiting = False
            if self._is_new or self._by_themselves:
                self._wait()

    def _wait(self) -> None:
        """Have the newest sent when it is time; one at a time is due or under way."""
        with self._waits:
            if self._waiting:
                return
            self._waiting = True
        self._sender.add(max(self._next_at, time.monotonic()), self)

    def _failed(self, error: BotoCoreError | ClientError) -> None:
        if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
            self._give_up(Unwanted.LOST)
            return
        level = logging.WARNING if is_passing(error) else logging.ERROR
        _log.log(level, "a heartbeat could not be sent: %s", error)
        self._is_new = True

    def _give_up(self, why: Unwanted) -> None:
        if self.unwanted is not None or self._closed:
            return
        self.unwanted = why
        self._error = ActivityCancelled(f"the task is not wanted any more: {why.value}")
        if self._on_unwanted is not None:
            self._on_unwanted()

    def _raise(self, error: BaseException) -> None:
        told_otherwise = self._on_unwanted is not None and isinstance(error, ActivityCancelled)
        if not (told_otherwise and _in_event_loop()):
            raise error.with_traceback(None)


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
