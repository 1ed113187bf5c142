"""Activities in an environment: run by the code of a worker, in the test's own thread."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from localswf import VirtualClock
from localswf.loops import outside_of_loops
from swflow.endpoint.retrying import code
from swflow.execution.travelling import open_task
from swflow.telemetry.logs import TaskLog
from swflow.testing.beating import VirtualSender
from swflow.testing.inprocess import InProcessConnection
from swflow.testing.mishaps import Fails, Mishaps, TimesOut, heartbeat_interval
from swflow.values.failure import Report
from swflow.workers.responding import Reply, Responder
from swflow.workers.work import Work

_log = logging.getLogger(__name__)


class Working:
    """Does what the workers of all task lists do.

    Args:
        connection: the domain.
        clock: the domain's.
        mishaps: what goes wrong.

    Attributes:
        away: the task lists that nobody serves.
        sender: sends heartbeats.
        closing: False: nobody asks these workers to stop.
    """

    closing = False

    def __init__(
        self, connection: InProcessConnection, clock: VirtualClock, mishaps: Mishaps
    ) -> None:
        self._connection = connection
        self._domain = connection.domain_here
        self._mishaps = mishaps
        self.away: set[str] = set()
        self.sender = VirtualSender(clock)

    def step(self) -> bool:
        """Take a task and see to it; whether there was one."""
        for name in self._domain.activity_lists:
            if name in self.away:
                continue
            polled = {"domain": self._connection.domain, "taskList": {"name": name}}
            task = self._domain.swf.call("PollForActivityTask", polled)
            if task.get("taskToken"):
                self._work_on(task)
                return True
        return False

    def _work_on(self, task: dict[str, Any]) -> None:
        activity = self._domain.activity(task["activityType"])
        log = TaskLog(_log, self._connection.domain, task)
        responder = Responder(self._connection, task["taskToken"], log)
        match self._mishaps.next(activity):
            case TimesOut() as mishap:
                self._let_time_out(task, mishap)
            case Fails(error):
                responder.give(Reply.failed(Report.of(error)))
            case None:
                called = replace(activity, function=self._mishaps.function(activity))
                with outside_of_loops():
                    Work(self, called, open_task(responder.sealer, task), responder, log).perform()

    def _let_time_out(self, task: dict[str, Any], mishap: TimesOut) -> None:
        history = self._domain.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=self._connection.domain, execution=task["workflowExecution"], reverseOrder=True
        )
        scheduled = next(
            event
            for page in history
            for event in page["events"]
            if event["eventType"] == "ActivityTaskScheduled"
            and event["activityTaskScheduledEventAttributes"]["activityId"] == task["activityId"]
        )
        interval = heartbeat_interval(mishap.kind, scheduled)
        if interval is not None:
            self._say_alive(task["taskToken"], interval)

    def _say_alive(self, token: str, interval: timedelta) -> None:
        def beat() -> None:
            try:
                self._domain.swf.call("RecordActivityTaskHeartbeat", {"taskToken": token})
            except ClientError as error:
                if code(error) != "UnknownResourceFault":
                    raise
            else:
                self._say_alive(token, interval)

        self.sender.after(interval.total_seconds(), beat)
