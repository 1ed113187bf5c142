"""Inside a running activity: who it is, and how it says that it is alive."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from swflow.workers.heartbeat import Heartbeats


class ActivityInfo(NamedTuple):
    """A running activity.

    Attributes:
        name: the name of its type.
        version: the version of its type.
        workflow_id: of the execution it belongs to.
        run_id: of the execution it belongs to.
        activity_id: its id in that execution.
        attempt: which attempt it is, from 1.
        task_token: what `Client.task` takes, for whoever completes the task in its place.
    """

    name: str
    version: str
    workflow_id: str
    run_id: str
    activity_id: str
    attempt: int
    task_token: str


class running:  # noqa: N801 - it is used as a function is; a class, as this is for every task
    """The code in here is this activity's; after it no more heartbeats are sent."""

    __slots__ = ("_token", "heartbeats", "info")

    def __init__(self, info: ActivityInfo, heartbeats: Heartbeats) -> None:
        self.info = info
        self.heartbeats = heartbeats

    def __enter__(self) -> None:
        self._token = _running.set(self)

    def __exit__(self, *_error: object) -> None:
        _running.reset(self._token)
        self.heartbeats.close()


_running: ContextVar[running | None] = ContextVar("swflow.activity", default=None)


def heartbeat(details: Any = None) -> None:
    """Say that this activity is alive, and how far it is. Call it often: most calls send nothing.

    Outside an activity that a worker runs it does nothing.

    Args:
        details: anything that JSON can hold, in at most 2,048 characters where there is no payload
            store; the last ones come with the timeout, if there is one. They are read when they
            are sent, so what is changed later is sent as changed.

    Raises:
        ActivityCancelled: the task is not wanted any more: its cancellation was asked for, it
            timed out, or its workflow execution closed. An `async def` activity is cancelled as
            asyncio cancels tasks, instead.
        SerializationError: the details cannot travel.
    """
    current = _running.get()
    if current is not None:
        current.heartbeats.beat(details)


@contextmanager
def beating() -> Iterator[None]:
    """Send heartbeats by themselves in here, with the last details that `heartbeat()` gave.

    For a call that takes long and cannot say `heartbeat()`, such as one into a library or the wait
    of an `async def` activity. That the process lives is all that such heartbeats say: what hangs
    in here is found by its start-to-close timeout alone.

    Outside an activity that a worker runs it does nothing.
    """
    current = _running.get()
    if current is None:
        yield
        return
    current.heartbeats.begin_by_themselves()
    try:
        yield
    finally:
        current.heartbeats.end_by_themselves()


def activity_info() -> ActivityInfo:
    """The activity that is running here.

    Raises:
        LookupError: none is.
    """
    current = _running.get()
    if current is None:
        raise LookupError("no activity is running here: activity_info() is for a worker's activity")
    return current.info
