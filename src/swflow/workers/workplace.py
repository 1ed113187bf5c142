"""What the tasks of one of a worker's processes share."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from multiprocessing.connection import wait
from typing import Any, NoReturn

from swflow.authoring.activity import ActivityType
from swflow.client.client import Client
from swflow.endpoint.lanes import Caller
from swflow.endpoint.retrying import persistently
from swflow.endpoint.stopping import Stop
from swflow.errors import PayloadError
from swflow.execution.travelling import open_task
from swflow.telemetry.logs import TaskLog, speaking_of
from swflow.values.envelope import MARK
from swflow.values.failure import Report
from swflow.workers.heartbeat import Sender
from swflow.workers.responding import Reply, Responder
from swflow.workers.work import Work

_log = logging.getLogger(__name__)

_HAND_BACK = 5.0
_PATIENCE = timedelta(seconds=20)  # another attempt may find it


class Workplace:
    """The activities that a process serves, and the tasks that it has in hand.

    Args:
        client: the domain.
        activities: the types it serves.

    Attributes:
        sender: sends the tasks' heartbeats.
        closing: whether the grace time is over.
    """

    def __init__(self, client: Client, activities: Sequence[ActivityType[..., Any]]) -> None:
        self._client = client
        self._activities = {(each.name, each.version): each for each in activities}
        self._in_hand: dict[Work, None] = {}
        self.sender = Sender()
        self.closing = False

    def is_for_loop(self, task: dict[str, Any]) -> bool:
        """Whether a task's activity runs on an event loop."""
        activity = self._activity_of(task)
        return activity is not None and activity.pool == "asyncio"

    def has_coroutines(self, task_list: str) -> bool:
        """Whether an activity that runs on an event loop is declared for a task list."""
        every = self._activities.values()
        return any(each.pool == "asyncio" for each in every if each.task_list == task_list)

    def work_on(self, task: dict[str, Any]) -> None:
        """Run a task's activity here and now, and answer."""
        log = TaskLog(_log, self._client.domain, task)
        with speaking_of(log):
            responder = Responder(self._client.connection, task["taskToken"], log)
            work = self._begun(task, responder, log)
            if isinstance(work, Reply):
                responder.give(work)
                return
            self._in_hand[work] = None
            try:
                work.perform()
            finally:
                del self._in_hand[work]

    async def work_on_by(self, caller: Caller, task: dict[str, Any]) -> None:
        """Run a task's activity on the running event loop, and answer."""
        log = TaskLog(_log, self._client.domain, task)
        with speaking_of(log):
            responder = Responder(self._client.connection, task["taskToken"], log)
            if responder.sealer.has_store and MARK in task.get("input", ""):
                work = await asyncio.to_thread(self._begun, task, responder, log)
            else:
                work = self._begun(task, responder, log)
            if isinstance(work, Reply):
                await responder.give_by(caller, work)
                return
            self._in_hand[work] = None
            try:
                await work.perform_by(caller)
            finally:
                del self._in_hand[work]

    def _activity_of(self, task: dict[str, Any]) -> ActivityType[..., Any] | None:
        kind = task["activityType"]
        return self._activities.get((kind["name"], kind["version"]))

    def _begun(self, task: dict[str, Any], responder: Responder, log: TaskLog) -> Work | Reply:
        """The work on a task; what to answer if there can be none."""
        activity = self._activity_of(task)
        if activity is None:
            served = ", ".join(f"{name} {version}" for name, version in self._activities)
            reason = f"{log.kind} is not served here; served are: {served}"
            log.error("%s", reason)
            return Reply.failed(Report(reason, None, retry=True))
        try:
            task = persistently(partial(open_task, responder.sealer, task), "an input", _PATIENCE)
        except PayloadError as error:
            log.exception("failed: its input cannot be read")
            return Reply.failed(Report.of(error))
        return Work(self, activity, task, responder, log)

    def interrupt_here(self) -> None:
        """For the main thread's signal handler: the task in that thread, if it is time to."""
        for work in tuple(self._in_hand):
            work.interrupt_here()

    def obey(self, orders: int, stop: Stop, grace: timedelta) -> NoReturn:
        """Wait for the order to stop; then see to it that the process ends in time.

        Args:
            orders: a file descriptor; a byte on it, or its end, is the order to stop, and a second
                byte ends the grace time.
            stop: ends the polling.
            grace: how long the work in hand may go on after the order.
        """
        is_order = os.read(orders, 1)
        stop.request()
        if is_order:
            wait([orders], grace.total_seconds())
        else:  # the worker itself is gone and gives no more orders
            time.sleep(grace.total_seconds())
        self.closing = True
        for work in tuple(self._in_hand):
            work.interrupt()
        # Most activities end at once now, and the threads that run them answer for them.
        time.sleep(_HAND_BACK)
        handing_back = [
            threading.Thread(target=work.give_up, daemon=True) for work in tuple(self._in_hand)
        ]
        for each in handing_back:
            each.start()
        deadline = time.monotonic() + _HAND_BACK
        for each in handing_back:
            each.join(max(0.0, deadline - time.monotonic()))
        os._exit(1)
