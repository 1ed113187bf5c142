"""One of a worker's processes: it polls for a task, runs it, answers, and polls again."""

import asyncio
import inspect
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from multiprocessing.connection import wait
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from swflow.activity import ActivityType
from swflow.attempts import attempt_of
from swflow.client import Client
from swflow.errors import ActivityCancelled
from swflow.failure import Report
from swflow.heartbeat import ActivityInfo, Heartbeats, Unwanted, running
from swflow.logs import TaskLog
from swflow.polling import Poller
from swflow.retrying import code, persistently
from swflow.stopping import Stop

_log = logging.getLogger(__name__)

_PATIENCE = timedelta(minutes=15)
_HAND_BACK = 5.0

_STOPPED = Report("the worker was told to stop", None, retry=True, handed_back=True)

Respond = Callable[[], object]


class Interrupted(BaseException):
    """The grace time is over; not an Exception, so that no activity goes on after it."""


class Slot:
    """Runs in a process of its own; its main thread runs the activities.

    Args:
        client: the domain.
        activities: the types it serves.
        task_list: what it polls.
        grace: how long the work in hand may go on after the order to stop.
        orders: a file descriptor; a byte on it, or its end, is the order to stop, and a second
            byte ends the grace time.
    """

    def __init__(
        self,
        client: Client,
        activities: Sequence[ActivityType[..., Any]],
        *,
        task_list: str,
        grace: timedelta,
        orders: int,
    ) -> None:
        self._client = client
        self._activities = {(each.name, each.version): each for each in activities}
        self._grace = grace.total_seconds()
        self._orders = orders
        self._stop = Stop()
        self._poller = Poller(client.connection, self._stop, "PollForActivityTask", task_list)
        self._task_in_hand: dict[str, Any] | None = None
        self._grace_over = False
        self._interruptible = False

    def run(self) -> None:
        """Work until told to stop."""
        # Signals mean the worker, which gives the orders; a terminal sends them to everybody.
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._interrupt())
        threading.Thread(target=self._obey, name="orders", daemon=True).start()
        while not self._stop.requested():
            task = self._poller.poll()
            if task is not None:
                self._work_on(task)

    # The work.

    def _work_on(self, task: dict[str, Any]) -> None:
        log = TaskLog(_log, self._client.domain, task)
        self._task_in_hand = task
        try:
            respond = self._perform(task, log)
            if respond is not None:
                self._answer(respond, log)
        finally:
            self._task_in_hand = None

    def _perform(self, task: dict[str, Any], log: TaskLog) -> Respond | None:
        """Run the activity; what to answer, or None if nobody waits for an answer."""
        kind = task["activityType"]
        activity = self._activities.get((kind["name"], kind["version"]))
        if activity is None:
            served = ", ".join(f"{name} {version}" for name, version in self._activities)
            reason = f"{kind['name']} {kind['version']} is not served here; served are: {served}"
            log.error("%s", reason)
            return self._failed(task, Report(reason, None, retry=True))
        heartbeats = self._heartbeats(task, activity)
        try:
            result = self._call(activity, task, heartbeats)
        except ActivityCancelled as error:
            if heartbeats.unwanted is None:
                return self._failed(task, Report.of(error))
            log.warning("stopped: %s", error)
            return self._cancelled(task) if heartbeats.unwanted is Unwanted.CANCELLED else None
        except Interrupted:
            log.warning("interrupted: the worker was told to stop")
            return self._failed(task, _STOPPED)
        except (Exception, SystemExit) as error:
            log.exception("failed")
            return self._failed(task, Report.of(error))
        finally:
            heartbeats.close()
        log.info("completed")
        swf = self._client.connection.swf
        return partial(
            swf.respond_activity_task_completed, taskToken=task["taskToken"], result=result
        )

    def _call(
        self, activity: ActivityType[..., Any], task: dict[str, Any], heartbeats: Heartbeats
    ) -> str:
        args, kwargs = activity.codec.load_call(task.get("input"))
        execution = task["workflowExecution"]
        info = ActivityInfo(
            name=activity.name,
            version=activity.version,
            workflow_id=execution["workflowId"],
            run_id=execution["runId"],
            activity_id=task["activityId"],
            attempt=attempt_of(task["activityId"]),
        )
        with running(info, heartbeats):
            try:
                self._interruptible = True
                given = activity.function(*args, **kwargs)
                result = asyncio.run(given) if inspect.iscoroutine(given) else given
            finally:
                self._interruptible = False
        return activity.codec.dump_result(result)

    def _heartbeats(self, task: dict[str, Any], activity: ActivityType[..., Any]) -> Heartbeats:
        def send(details: str) -> bool:
            answer = self._client.connection.swf.record_activity_task_heartbeat(
                taskToken=task["taskToken"], details=details
            )
            return answer["cancelRequested"]

        return Heartbeats(send, activity.heartbeat_timeout_of(task.get("input")))

    # The answer.

    def _failed(self, task: dict[str, Any], report: Report) -> Respond:
        swf = self._client.connection.swf
        return partial(
            swf.respond_activity_task_failed, taskToken=task["taskToken"], **report.wire()
        )

    def _cancelled(self, task: dict[str, Any]) -> Respond:
        swf = self._client.connection.swf
        return partial(swf.respond_activity_task_canceled, taskToken=task["taskToken"])

    def _answer(self, respond: Respond, log: TaskLog) -> None:
        try:
            persistently(respond, "answering an activity task", _PATIENCE)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
                log.warning("too late: the task is not open any more; %s", error)
            else:
                log.exception("the answer was not taken; the task will time out")

    # The end.

    def _obey(self) -> None:
        """Wait for the order to stop; then see to it that the process ends in time."""
        is_order = os.read(self._orders, 1)
        self._stop.request()
        if is_order:
            wait([self._orders], self._grace)
        else:  # the worker itself is gone and gives no more orders
            time.sleep(self._grace)
        self._grace_over = True
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGTERM)
        # Most activities end at once now, and the main thread answers for them.
        time.sleep(_HAND_BACK)
        self._hand_back()

    def _interrupt(self) -> None:
        if self._grace_over and self._interruptible:
            self._interruptible = False
            raise Interrupted

    def _hand_back(self) -> NoReturn:
        """Answer for an activity that does not listen, such as one inside a library's own code."""
        task = self._task_in_hand
        if task is not None:
            TaskLog(_log, self._client.domain, task).warning("given up: it did not end")
            with suppress(BotoCoreError, ClientError):
                self._failed(task, _STOPPED)()
        os._exit(1)
