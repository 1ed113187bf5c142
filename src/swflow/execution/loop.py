"""The event loop that workflows run on: no clock, no sockets, no threads of its own.

Time stands still while the code runs and moves only with the history; a timer is a durable timer
of the execution; everything runs in the order in which it was asked for. So the same history
always makes the code take the same way.
"""

import asyncio
import inspect
import logging
import math
import sys
from asyncio.events import _get_running_loop, _set_running_loop
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, suppress
from contextvars import Context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, TypeVar, TypeVarTuple, Unpack, cast

from swflow.errors import UnsupportedInWorkflow
from swflow.execution.refusing import refuse, watch
from swflow.execution.suspending import can_suspend, wait_for

if TYPE_CHECKING:
    from swflow.execution.timers import DurableTimer

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)

_CLEAN_UPS = 100
"""How many times code that is being put away may wait once more in its clean-up."""


class Evicted(BaseException):
    """A workflow that is being put away must not act; not an Exception, so that nobody eats it."""


class Promise(asyncio.Future[R]):
    """What is still to come, as an activity's result: await it, gather it, pass it on.

    Cancelling it, as a timeout does, gives up waiting at once, and asks that what it stands for be
    cancelled: an activity, a child workflow, a timer.

    Attributes:
        number: of all that its loop made, which it is.
        on_cancel: asks for that.
    """

    number = 0
    on_cancel: Callable[[], object] | None = None

    def __hash__(self) -> int:
        """The order of creation: a set of promises has the same order in every replay."""
        return self.number

    def result(self) -> R:
        """The value. In a `def` workflow, wait for it; elsewhere `await` the promise first.

        Raises:
            InvalidStateError: it is not there yet, and this is no `def` workflow.
        """
        if not self.done() and can_suspend():
            cast("WorkflowLoop", self.get_loop()).check_open()
            wait_for(self)
        return super().result()

    def cancel(self, msg: Any = None) -> bool:
        """Give up waiting; whether there was something to give up."""
        given_up = super().cancel(msg)
        if given_up and self.on_cancel is not None:
            self.on_cancel()
        return given_up

    @property
    def later(self) -> R:
        """This promise, typed as the value it stands for.

        For a type checker's sake, where a promise is an argument of another activity:
        `publish(transcode(job).later)`.
        """
        return cast("R", self)


PromiseType = TypeVar("PromiseType", bound=Promise[Any])


class _Task(asyncio.Task[R]):
    """A task with the same place in every set in every replay."""

    def __init__(
        self,
        number: int,
        coroutine: Coroutine[Any, Any, R],
        loop: asyncio.AbstractEventLoop,
        name: str | None,
        context: Context | None,
    ) -> None:
        self._number = number
        super().__init__(coroutine, loop=loop, name=name, context=context)

    def __hash__(self) -> int:
        return self._number

    def abandon(self) -> None:
        """Close what is suspended in here; it is never going on."""
        self._log_destroy_pending = False
        coroutine = cast("Coroutine[Any, Any, R]", self.get_coro())
        for _ in range(_CLEAN_UPS):
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED:
                break
            with suppress(Evicted, Exception):  # a RuntimeError if it goes on instead of ending
                coroutine.close()


class Timer(asyncio.TimerHandle):
    """A call at a time that comes only with the history.

    Attributes:
        durable: the execution's timer behind it; None where there was nothing to wait for.
    """

    durable: "DurableTimer | None" = None

    run = asyncio.Handle._run  # noqa: SLF001 - for the loop to call


class _Call(asyncio.Handle):
    run = asyncio.Handle._run  # noqa: SLF001 - for the loop to call


class Timers(Protocol):
    """What the loop needs of its execution."""

    def start_timer(self, timer: Timer, seconds: int) -> None:
        """Have the timer run after this many seconds."""

    def cancel_timer(self, timer: Timer) -> None:
        """Nobody waits for this timer any more."""


def outside() -> AbstractContextManager[None]:
    """Run something that is not the workflow's code, as if outside of it."""
    return _Running(None)


class WorkflowLoop(asyncio.AbstractEventLoop):
    """One execution's event loop."""

    def __init__(self, commands: Timers) -> None:
        self.commands: Any = commands
        self._ready: deque[_Call | Timer] = deque()
        self._tasks: dict[_Task[Any], None] = {}
        self._created = 0
        self._start: float | None = None
        self._now = 0.0
        self._closed = False
        watch(WorkflowLoop.current)

    @classmethod
    def current(cls) -> Self | None:
        """The loop of the workflow whose code is running here, if one is."""
        loop = _get_running_loop()
        return loop if isinstance(loop, cls) else None

    # What the owner of the loop does with it.

    def entered(self) -> AbstractContextManager[None]:
        """Make this the running loop, even where another one is running already."""
        return _Running(self)

    def advance(self, now: float) -> None:
        """Move the time on, to so many seconds since the epoch."""
        if self._start is None:
            self._start = now
        self._now = max(self._now, now)

    def run_until_idle(self) -> None:
        """Run until everything waits for the history to go on."""
        while self._ready:
            # The task that raised it keeps it; asyncio would have the program end, too.
            with suppress(SystemExit):
                while self._ready:
                    call = self._ready.popleft()
                    if not call.cancelled():
                        call.run()

    def fire(self, timer: Timer) -> None:
        """A timer's time has come."""
        self._ready.append(timer)

    def shut(self) -> None:
        """Close everything that is suspended; what its clean-up asks for is refused."""
        self._closed = True
        with self.entered():
            for task in tuple(self._tasks):
                task.abandon()
        self._tasks.clear()
        self._ready.clear()

    def check_open(self) -> None:
        """Refuse to act for a workflow that is being put away."""
        if self._closed:
            raise Evicted

    @property
    def now(self) -> datetime:
        """The execution's time, with time zone."""
        return datetime.fromtimestamp(self._now, UTC)

    # What asyncio does with it.

    def time(self) -> float:
        """Seconds since the execution began."""
        return 0.0 if self._start is None else round(self._now - self._start, 6)

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run this after what is ready now."""
        call = _Call(callback, args, self, context)
        self._ready.append(call)
        return call

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run this after a delay: a durable timer, of whole seconds, never early."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run this at a time of this clock: a durable timer, of whole seconds, never early."""
        self.check_open()
        timer = Timer(when, callback, args, self, context)
        # Rounded first: the sum of two floats is a hair more or less than the delay asked for.
        seconds = math.ceil(round(when - self.time(), 3))
        if seconds > 0:
            self.commands.start_timer(timer, seconds)
        else:
            self.fire(timer)
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if isinstance(handle, Timer) and not self._closed:
            self.commands.cancel_timer(handle)

    def create_future(self) -> Promise[Any]:
        """A future of this loop."""
        return self.promise(Promise)

    def promise(self, kind: type[PromiseType]) -> PromiseType:
        """A promise of this kind."""
        self.check_open()
        promise = kind(loop=self)
        promise.number = self._number()
        return promise

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, R],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[R]:
        """Run a coroutine beside the others; a promise, which needs no task, gets one as well."""
        if isinstance(coro, Promise):  # as TaskGroup.create_task(ship(order)) asks for
            coro = _awaited(coro)
        if self._closed:
            coro.close()
            raise Evicted
        if _is_for_as_completed():
            coro.close()
            raise UnsupportedInWorkflow(
                "asyncio.as_completed() starts coroutines in any order, and a replay must do the "
                "same every time; give it tasks, made by asyncio.create_task(), or promises"
            )
        number = self._number()
        task = _Task(number, coro, self, name or f"task-{number}", context)
        # Kept here, or a task that nothing else refers to goes when the garbage collector likes.
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(cast("_Task[Any]", task), None)

    def _number(self) -> int:
        self._created += 1
        return self._created

    def is_running(self) -> bool:
        """True while the workflow's code runs."""
        return _get_running_loop() is self

    def is_closed(self) -> bool:
        """True once the workflow is put away."""
        return self._closed

    def get_debug(self) -> bool:
        """Always False."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an exception that nothing in the workflow's code looks at."""
        if not self._closed:
            error = context.get("exception")
            _log.error("in a workflow: %s", context.get("message"), exc_info=error)

    async def shutdown_asyncgens(self) -> None:
        """Nothing to do: asynchronous generators end with what uses them."""


class _Running:
    """Makes a loop the running one, or has none run; for every decision, so it is quick."""

    __slots__ = ("_loop", "_outer")

    def __init__(self, loop: WorkflowLoop | None) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        self._outer = _get_running_loop()
        _set_running_loop(self._loop)

    def __exit__(self, *_error: object) -> None:
        _set_running_loop(self._outer)


async def _awaited(promise: Promise[R]) -> R:
    return await promise


def _is_for_as_completed() -> bool:
    """Whether asyncio.as_completed is what wants a task, which takes coroutines out of a set."""
    frame = sys._getframe(2)  # noqa: SLF001 - nothing else says who calls, and this is quick
    while frame.f_globals is vars(asyncio.tasks) and frame.f_back is not None:
        if "as_completed" in frame.f_code.co_name or "_AsCompletedIterator" in (
            frame.f_code.co_qualname
        ):
            return True
        frame = frame.f_back
    return False


def _refused(what: str) -> Callable[..., NoReturn]:
    return lambda *_args, **_kwargs: refuse(what)


for _what, _names in {
    "a second event loop": (
        "run_forever run_until_complete stop close set_debug set_task_factory get_task_factory "
        "set_exception_handler get_exception_handler default_exception_handler"
    ),
    "threads": (
        "call_soon_threadsafe run_in_executor set_default_executor shutdown_default_executor"
    ),
    "the network": (
        "getaddrinfo getnameinfo create_connection create_server create_datagram_endpoint "
        "create_unix_connection create_unix_server connect_accepted_socket start_tls sendfile "
        "sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall sock_sendto "
        "sock_connect sock_accept sock_sendfile"
    ),
    "files and pipes": (
        "connect_read_pipe connect_write_pipe add_reader remove_reader add_writer remove_writer"
    ),
    "processes": "subprocess_shell subprocess_exec",
    "signals of the operating system": "add_signal_handler remove_signal_handler",
}.items():
    for _name in _names.split():
        setattr(WorkflowLoop, _name, _refused(_what))
