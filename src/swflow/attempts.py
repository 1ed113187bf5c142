"""One call of an activity in a workflow, through all its attempts."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from swflow.activity import ActivityType
from swflow.errors import ActivityFailed, ActivityTimedOut, SwflowError
from swflow.failure import Report
from swflow.loop import Promise


class Scheduler(Protocol):
    """What a call needs of the execution it belongs to."""

    def schedule_attempt(self, call: "ActivityCall", attributes: dict[str, Any]) -> None:
        """Have an attempt run."""

    def wait(self, timer_id: str, seconds: float, then: Callable[[], None]) -> None:
        """Go on after this many seconds, by a durable timer."""


class ActivityCall:
    """A call, from the code's asking for it to its promise being kept or broken.

    It waits for the promises among its arguments, schedules the first attempt, and after a failure
    or a timeout the next one, as the activity's `Retry` says. An attempt that a stopping worker
    hands back is made up for at once and uses up no retry. Its state comes from the history
    alone, so it is the same in every replay.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        activity: ActivityType[..., Any],
        number: int,
        promise: Promise[Any],
    ) -> None:
        """Prepare a call.

        Args:
            scheduler: the execution.
            activity: what is called.
            number: its place among all that the execution's code has asked for.
            promise: what the code waits for.
        """
        self._scheduler = scheduler
        self._activity = activity
        self._number = number
        self._promise = promise
        self._input = ""
        self._attempts = 0
        self._failures = 0
        self._timeouts = 0

    def start(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Schedule the first attempt, now or when the promises among the arguments are kept.

        Raises:
            SerializationError: there are no promises, and the arguments do not fit the activity.
        """
        promises = list(_promises_in([args, kwargs]))
        if not promises:
            self._input = self._activity.encode_input(args, kwargs)
            self._attempt()
            return
        open_promises = {each for each in promises if not each.done()}

        def kept(promise: Any) -> None:
            open_promises.discard(promise)
            if not open_promises:
                self._start_with(promises, args, kwargs)

        for each in tuple(open_promises):
            each.add_done_callback(kept)
        if not open_promises:
            kept(None)

    def takes_the_same(self, here: str, there: str | None) -> bool:
        """Whether two inputs are the same call; sets have another order in every process."""
        if here == there:
            return True
        try:
            return self._activity.codec.load_call(here) == self._activity.codec.load_call(there)
        except SwflowError:
            return False

    def completed(self, result: str | None) -> None:
        """The attempt succeeded."""
        if self._promise.done():
            return
        try:
            self._promise.set_result(self._activity.codec.load_result(result))
        except SwflowError as error:
            self._promise.set_exception(error)

    def failed(self, reason: str | None, details: str | None) -> None:
        """The attempt failed."""
        if self._promise.done():
            return
        report = Report.read(reason, details)
        if report.handed_back:
            self._attempt()
            return
        self._failures += 1
        wait = self._activity.retry.after_failure(self._failures)
        if wait is None or not report.retry:
            self._break(report)
        elif wait:
            attempt_id = self._activity_id(self._attempts + 1)
            self._scheduler.wait(attempt_id, wait.total_seconds(), self._attempt)
        else:
            self._attempt()

    def timed_out(self, kind: str, details: str | None) -> None:
        """The attempt took too long."""
        if self._promise.done():
            return
        self._timeouts += 1
        if self._activity.retry.after_timeout(self._timeouts) is None:
            last_heartbeat = _read_details(details)
            name = self._activity.name
            self._promise.set_exception(ActivityTimedOut(kind, last_heartbeat, activity=name))
        else:
            self._attempt()

    def cancelled(self) -> None:
        """The attempt was cancelled."""
        self._promise.cancel()

    def rejected(self, cause: str) -> None:
        """Amazon SWF would not schedule the attempt."""
        if self._promise.done():
            return
        reason = f"could not be scheduled: {cause}"
        if cause == "ACTIVITY_TYPE_DOES_NOT_EXIST":
            reason += f"; register version {self._activity.version} of it"
        self._break(Report(reason, None, retry=False))

    def _break(self, report: Report) -> None:
        self._promise.set_exception(
            ActivityFailed(
                report.reason, report.details, retry=report.retry, activity=self._activity.name
            )
        )

    def _start_with(
        self, promises: list[Promise[Any]], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        if self._promise.done():
            return
        try:
            for each in promises:
                each.result()  # the first that was broken breaks this one, too
            self._input = self._activity.encode_input(_fulfilled(args), _fulfilled(kwargs))
        except asyncio.CancelledError:
            self._promise.cancel()
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to who awaits this
            self._promise.set_exception(error)
        else:
            self._attempt()

    def _attempt(self) -> None:
        if self._promise.done():  # given up while a retry was waiting
            return
        self._attempts += 1
        factor = self._activity.retry.after_timeout(self._timeouts) if self._timeouts else None
        self._scheduler.schedule_attempt(
            self,
            {
                "activityId": self._activity_id(self._attempts),
                "activityType": {"name": self._activity.name, "version": self._activity.version},
                "input": self._input,
                "taskList": {"name": self._activity.task_list},
                **self._activity.timeouts(factor or 1),
            },
        )

    def _activity_id(self, attempt: int) -> str:
        return f"{self._number}.{attempt}" if attempt > 1 else str(self._number)


def attempt_of(activity_id: str) -> int:
    """Which attempt an activity id is of, from 1; ids that others made up are first attempts."""
    _, _, attempt = activity_id.partition(".")
    return int(attempt) if attempt.isdecimal() else 1


def _promises_in(value: Any) -> Iterator[Promise[Any]]:
    match value:
        case Promise():
            yield value
        case dict():
            for each in value.values():
                yield from _promises_in(each)
        case list() | tuple():
            for each in value:
                yield from _promises_in(each)


def _fulfilled(value: Any) -> Any:
    """The same value with every promise in it replaced by its result."""
    match value:
        case Promise():
            return value.result()
        case dict():
            return {key: _fulfilled(each) for key, each in value.items()}
        case list():
            return [_fulfilled(each) for each in value]
        case tuple():
            content = [_fulfilled(each) for each in value]
            make = getattr(type(value), "_make", tuple)  # named tuples
            return make(content)
        case _:
            return value


def _read_details(details: str | None) -> Any:
    try:
        return json.loads(details) if details else None
    except ValueError:
        return details
