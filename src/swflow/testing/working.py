"""Activities in an environment: run inline, in the test's own thread."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localswf import VirtualClock
from localswf.loops import outside_of_loops
from swflow.activity import ActivityType
from swflow.attempts import attempt_of
from swflow.connection import code
from swflow.errors import ActivityCancelled
from swflow.failure import Report
from swflow.heartbeat import ActivityInfo, Heartbeats, Unwanted, running
from swflow.serialize import to_json
from swflow.testing.domain import NAME, Domain
from swflow.testing.mishaps import Fails, Mishaps, TimesOut, heartbeat_interval

_MAX_DETAILS = 2_048


class InlineHeartbeats(Heartbeats):
    """Heartbeats that are sent where the activity beats, each of them."""

    def beat(self, details: Any) -> None:
        """Send a heartbeat."""
        self._send_once(to_json(details, "a heartbeat's details", _MAX_DETAILS))
        if self.unwanted is not None:
            raise ActivityCancelled(f"the task is not wanted any more: {self.unwanted.value}")


@dataclass(slots=True)
class _Alive:
    """A task whose worker says that it is alive, and no more."""

    token: str
    interval: int
    due: int


class Working:
    """Does what the workers of all task lists do.

    Args:
        domain: where the tasks are.
        clock: the domain's.
        mishaps: what goes wrong.
    """

    def __init__(self, domain: Domain, clock: VirtualClock, mishaps: Mishaps) -> None:
        self._domain = domain
        self._clock = clock
        self._mishaps = mishaps
        self._alive: list[_Alive] = []
        self.away: set[str] = set()

    def step(self) -> bool:
        """Take a task and see to it; whether there was one."""
        for name in self._domain.activity_lists:
            if name in self.away:
                continue
            polled = {"domain": NAME, "taskList": {"name": name}}
            task = self._domain.swf.call("PollForActivityTask", polled)
            if task.get("taskToken"):
                self._work_on(task)
                return True
        return False

    def next_heartbeat(self) -> int | None:
        """When a worker that never answers says next that it is alive."""
        return min((each.due for each in self._alive), default=None)

    def beat(self) -> None:
        """Send the heartbeats that are due."""
        now = self._clock.now()
        for each in [each for each in self._alive if each.due <= now]:
            each.due = now + each.interval
            try:
                self._domain.swf.record_activity_task_heartbeat(taskToken=each.token)
            except ClientError as error:
                if code(error) != "UnknownResourceFault":
                    raise
                self._alive.remove(each)

    def _work_on(self, task: dict[str, Any]) -> None:
        activity = self._domain.activity(task["activityType"])
        match self._mishaps.next(activity):
            case Fails(error):
                self._fail(task, error)
            case TimesOut() as mishap:
                self._let_time_out(task, mishap)
            case None:
                self._perform(task, activity)

    def _perform(self, task: dict[str, Any], activity: ActivityType[..., Any]) -> None:
        swf, token = self._domain.swf, task["taskToken"]

        def send(details: str) -> bool:
            answer = swf.record_activity_task_heartbeat(taskToken=token, details=details)
            return bool(answer["cancelRequested"])

        heartbeats = InlineHeartbeats(send, None)
        try:
            result = self._call(activity, task, heartbeats)
        except ActivityCancelled as error:
            if heartbeats.unwanted is None:
                self._fail(task, error)
            elif heartbeats.unwanted is Unwanted.CANCELLED:
                self._answer(swf.respond_activity_task_canceled, task)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the activity's own
            self._fail(task, error)
        else:
            self._answer(swf.respond_activity_task_completed, task, result=result)

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
            given = self._mishaps.function(activity)(*args, **kwargs)
            if inspect.iscoroutine(given):
                with outside_of_loops():
                    given = asyncio.run(given)
        return activity.codec.dump_result(given)

    def _fail(self, task: dict[str, Any], error: BaseException) -> None:
        answer = self._domain.swf.respond_activity_task_failed
        self._answer(answer, task, **Report.of(error).wire())

    def _answer(self, respond: Callable[..., object], task: dict[str, Any], **says: str) -> None:
        try:
            respond(taskToken=task["taskToken"], **says)
        except ClientError as error:
            if code(error) != "UnknownResourceFault":
                raise
            # Too late, as it happens to workers: the task timed out, or its execution closed.

    def _let_time_out(self, task: dict[str, Any], mishap: TimesOut) -> None:
        history = self._domain.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=NAME, execution=task["workflowExecution"], reverseOrder=True
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
            pause = round(interval.total_seconds() * 1000)
            self._alive.append(_Alive(task["taskToken"], pause, self._clock.now() + pause))
