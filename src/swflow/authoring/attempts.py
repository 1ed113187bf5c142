"""One call of an activity in a workflow, through all its attempts."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from swflow.errors import ActivityFailed, ActivityTimedOut
from swflow.execution.commands import Command
from swflow.execution.context import Context
from swflow.execution.history import Event, attributes
from swflow.execution.loop import Promise
from swflow.execution.promises import break_with, keep, same_payload, when_fulfilled
from swflow.execution.timers import DurableTimer, whole_seconds
from swflow.values.activity_ids import activity_id
from swflow.values.failure import Report

if TYPE_CHECKING:
    from swflow.authoring.activity import ActivityType


class ActivityCall:
    """A call, from the code's asking for it to its promise being kept or broken.

    It waits for the promises among its arguments, schedules the first attempt, and after a failure
    or a timeout the next one, as the activity's `Retry` says. Cancelled, it asks for the attempt's
    cancellation and makes no further one. An attempt that a stopping worker
    hands back is made up for at once and uses up no retry. Its state comes from the history
    alone, so it is the same in every replay.
    """

    def __init__(self, context: Context, activity: "ActivityType[..., Any]") -> None:
        """Prepare a call.

        Args:
            context: the execution.
            activity: what is called.
        """
        self.promise: Promise[Any] = context.loop.create_future()
        self.promise.on_cancel = self._cancel
        self._context = context
        self._activity = activity
        self._number = context.number()
        self._input = ""
        self._attempts = 0
        self._failures = 0
        self._timeouts = 0
        # What there is to cancel: the attempt that is open, or the wait before the next one.
        self._open: Command | None = None
        self._wait: DurableTimer | None = None

    def start(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Schedule the first attempt, now or when the promises among the arguments are kept.

        Raises:
            SerializationError: there are no promises, and the arguments do not fit the activity.
        """
        when_fulfilled(self.promise, args, kwargs, self._start)

    def takes_the_same(self, here: str, there: str | None) -> bool:
        """Whether two inputs are the same call."""
        return same_payload(self._context.sealer, self._activity.codec.load_call, here, there)

    def told(self, event: Event) -> None:
        """An attempt ended, or could not be scheduled."""
        self._open = None
        if self.promise.done():
            return
        says = attributes(event)
        match event["eventType"]:
            case "ActivityTaskCompleted":
                keep(self.promise, self._activity.codec, says.get("result"))
            case "ActivityTaskFailed":
                self._failed(Report.read(says.get("reason"), says.get("details")))
            case "ActivityTaskTimedOut":
                self._timed_out(says["timeoutType"], says.get("details"))
            case "ActivityTaskCanceled":
                self._break(Report("cancelled by its worker", None, retry=False))
            case "ScheduleActivityTaskFailed":
                self._rejected(says["cause"])

    def _start(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._input = self._activity.encode_input(args, kwargs)
        reused = self._context.reuse.take(
            "activity", self._activity.name, partial(self.takes_the_same, self._input)
        )
        if reused is None:
            self._attempt()
        else:
            keep(self.promise, self._activity.codec, reused["result"])

    def _failed(self, report: Report) -> None:
        if report.handed_back:
            self._attempt()
            return
        self._failures += 1
        wait = self._activity.retry.after_failure(self._failures)
        if wait is None or not report.retry:
            self._break(report)
        elif wait:
            attempt_id = self._activity_id(self._attempts + 1)
            seconds = whole_seconds(wait)
            self._wait = DurableTimer(self._context, attempt_id, seconds, self._attempt)
        else:
            self._attempt()

    def _timed_out(self, kind: str, details: str | None) -> None:
        self._timeouts += 1
        if self._activity.retry.after_timeout(self._timeouts) is None:
            last_heartbeat = _read_details(details)
            name = self._activity.name
            break_with(self.promise, ActivityTimedOut(kind, last_heartbeat, activity=name))
        else:
            self._attempt()

    def _rejected(self, cause: str) -> None:
        """Amazon SWF would not schedule the attempt."""
        reason = f"could not be scheduled: {cause}"
        if cause == "ACTIVITY_TYPE_DOES_NOT_EXIST":
            reason += f"; register version {self._activity.version} of it"
        self._break(Report(reason, None, retry=False))

    def _break(self, report: Report) -> None:
        name, retry = self._activity.name, report.retry
        error = ActivityFailed(report.reason, report.details, retry=retry, activity=name)
        break_with(self.promise, error)

    def _cancel(self) -> None:
        """Nobody waits for it any more."""
        if self._wait is not None:
            self._wait.cancel()
        if self._open is not None and not self._context.retract(self._open):
            activity_id = self._open.attributes["activityId"]
            self._context.ask(Command("RequestCancelActivityTask", {"activityId": activity_id}))

    def _attempt(self) -> None:
        self._attempts += 1
        factor = self._activity.retry.after_timeout(self._timeouts) if self._timeouts else None
        asked = {
            "activityId": self._activity_id(self._attempts),
            "input": self._input,
            **self._activity.scheduling,
        }
        if factor is not None:
            asked |= self._activity.timeouts(factor)
        self._open = Command("ScheduleActivityTask", asked, self, self._activity)
        self._context.ask(self._open)

    def _activity_id(self, attempt: int) -> str:
        return activity_id(self._number, attempt)


def _read_details(details: str | None) -> Any:
    try:
        return json.loads(details) if details else None
    except ValueError:
        return details
