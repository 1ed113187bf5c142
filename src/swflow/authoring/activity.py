"""Activities: what the workers run."""

import inspect
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import (
    Any,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from swflow.authoring.attempts import ActivityCall
from swflow.authoring.retry import Retry
from swflow.execution.context import Context
from swflow.execution.history import duration
from swflow.execution.loop import Promise
from swflow.values.serialize import Codec
from swflow.values.serializer import Serializer

P = ParamSpec("P")
R = TypeVar("R")
Result = TypeVar("Result")

Pool = Literal["process", "thread", "asyncio"]
"""Where a worker runs an activity."""


class Options(TypedDict, total=False):
    """What `ActivityType.options` can change."""

    version: str
    task_list: str
    priority: int | None
    schedule_to_start: timedelta | None
    start_to_close: timedelta | None
    schedule_to_close: timedelta | None
    heartbeat_timeout: timedelta | None
    retry: Retry


@dataclass(frozen=True, eq=False, kw_only=True)
class ActivityType(Generic[P, R]):
    """An activity: a function, and how it is to be run. Made by `@activity`.

    Called inside a workflow it returns a promise at once; called anywhere else it runs the function
    there and then, and returns what that returns. (Types know only the first: `function` is typed
    as what it is.)

    Attributes:
        function: the function itself.
        codec: writes and reads the function's arguments and results.
        name: the name of the type.
        version: the version of the type.
        task_list: where its tasks go.
        priority: the higher, the sooner a task is handed out; None is 0.
        pool: where a worker runs it.
        schedule_to_start: how long a task may wait for a worker; None is for ever.
        start_to_close: how long a worker may take; None is for ever.
        schedule_to_close: how long both may take together; None is for ever.
        heartbeat_timeout: how long a worker may be silent; None is for ever.
        retry: when it is tried again.
    """

    function: Callable[P, R] | Callable[P, Coroutine[Any, Any, R]]
    codec: Codec
    name: str
    version: str
    task_list: str
    schedule_to_start: timedelta | None
    start_to_close: timedelta | None
    schedule_to_close: timedelta | None
    heartbeat_timeout: timedelta | None
    retry: Retry
    priority: int | None = None
    pool: Pool = "process"
    served_heartbeat: timedelta | None = None
    """The heartbeat timeout that the workers know, the one from the decorator."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Promise[R]:
        """Schedule the activity in a workflow; elsewhere, run it."""
        context = Context.current()
        if context is None:
            return cast("Promise[R]", self.function(*args, **kwargs))
        call = ActivityCall(context, self)
        call.start(args, kwargs)
        return call.promise

    def options(self, **changes: Unpack[Options]) -> "ActivityType[P, R]":
        """A copy to be run otherwise, as in `transcode.options(task_list="big")(job)`."""
        return replace(self, **changes)

    def encode_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """A call's arguments as they travel.

        A worker is not told what timeouts a task was scheduled with, and has to know how often to
        send a heartbeat: a heartbeat timeout that is not the type's own travels along.

        Raises:
            SerializationError: they do not fit the function.
        """
        beside = None
        if self.heartbeat_timeout != self.served_heartbeat and self.heartbeat_timeout is not None:
            beside = {"heartbeat_timeout": self.heartbeat_timeout.total_seconds()}
        return self.codec.dump_call(args, kwargs, beside)

    def heartbeat_timeout_of(self, given: str | None) -> timedelta | None:
        """The heartbeat timeout of a task with this input."""
        if not given or '"heartbeat_timeout"' not in given:
            return self.heartbeat_timeout
        try:
            content = json.loads(given)
        except ValueError:
            content = None
        match content:
            case {"heartbeat_timeout": int(seconds) | float(seconds)}:
                return timedelta(seconds=seconds)
            case _:
                return self.heartbeat_timeout

    @cached_property
    def is_async(self) -> bool:
        """Whether the function is an `async def`."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def scheduling(self) -> Mapping[str, Any]:
        """What a ScheduleActivityTask decision says of the type and of how it is run."""
        priority = {} if self.priority is None else {"taskPriority": str(self.priority)}
        return {
            "activityType": {"name": self.name, "version": self.version},
            "taskList": {"name": self.task_list},
            **priority,
            **self.timeouts(),
        }

    def timeouts(self, factor: int = 1) -> dict[str, str]:
        """The four timeouts as parameters of a ScheduleActivityTask decision, multiplied."""
        return {
            "scheduleToStartTimeout": duration(self.schedule_to_start, factor),
            "startToCloseTimeout": duration(self.start_to_close, factor),
            "scheduleToCloseTimeout": duration(self.schedule_to_close, factor),
            "heartbeatTimeout": duration(self.heartbeat_timeout, factor),
        }

    def registration(self) -> dict[str, Any]:
        """The parameters of RegisterActivityType, with the defaults that somebody asked for."""
        timeouts = {
            "defaultTaskScheduleToStartTimeout": self.schedule_to_start,
            "defaultTaskStartToCloseTimeout": self.start_to_close,
            "defaultTaskScheduleToCloseTimeout": self.schedule_to_close,
            "defaultTaskHeartbeatTimeout": self.heartbeat_timeout,
        }
        asked = {key: duration(value) for key, value in timeouts.items() if value is not None}
        if self.priority is not None:
            asked["defaultTaskPriority"] = str(self.priority)
        return {
            "name": self.name,
            "version": self.version,
            "defaultTaskList": {"name": self.task_list},
            **asked,
        }


class ActivityDecorator(Protocol):
    """What `@activity(...)` gives: it turns a function, async or not, into an activity."""

    @overload
    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, Result]], /
    ) -> ActivityType[P, Result]: ...

    @overload
    def __call__(self, function: Callable[P, Result], /) -> ActivityType[P, Result]: ...


def activity(
    name: str | None = None,
    *,
    version: str,
    task_list: str,
    schedule_to_start: timedelta | None = None,
    start_to_close: timedelta | None = None,
    schedule_to_close: timedelta | None = None,
    heartbeat_timeout: timedelta | None = None,
    retry: Retry = Retry(),  # noqa: B008 - immutable
    priority: int | None = None,
    pool: Pool | None = None,
    serializer: Serializer | None = None,
) -> ActivityDecorator:
    """Make a function an activity.

    Args:
        name: the type's name; the function's own if left out.
        version: the type's version.
        task_list: where its tasks go.
        schedule_to_start: how long a task may wait for a worker; None, as for all four: for ever.
        start_to_close: how long a worker may take.
        schedule_to_close: how long both may take together.
        heartbeat_timeout: how long a worker may go without `heartbeat()`.
        retry: when it is tried again; never, if left out.
        priority: the higher, the sooner a task is handed out; 0, if left out.
        pool: where a worker runs it. "process", as functions do if it is left out: alone in a
            process, which may crash or be interrupted anywhere. "thread": in a thread of a process
            that runs many tasks, for what mostly waits. "asyncio", as `async def` functions do if
            it is left out: on the event loop that many tasks share, which it must never block.
            A task list with a "process" activity is served by processes alone.
        serializer: writes and reads its arguments and results; JSON by type hints, if left out.

    Timeouts are whole seconds; a fraction is rounded up.
    """

    def decorate(function: Callable[..., Any]) -> ActivityType[..., Any]:
        is_async = inspect.iscoroutinefunction(function)
        if pool == "asyncio" and not is_async:
            raise ValueError(f"activity {function.__name__}: only `async def` has pool='asyncio'")
        made = ActivityType(
            function=function,
            codec=Codec(name or function.__name__, function, serializer),
            name=name or function.__name__,
            version=version,
            task_list=task_list,
            schedule_to_start=schedule_to_start,
            start_to_close=start_to_close,
            schedule_to_close=schedule_to_close,
            heartbeat_timeout=heartbeat_timeout,
            retry=retry,
            priority=priority,
            pool=pool or ("asyncio" if is_async else "process"),
            served_heartbeat=heartbeat_timeout,
        )
        made.timeouts()  # a negative one is found here
        return made

    return cast("ActivityDecorator", decorate)
