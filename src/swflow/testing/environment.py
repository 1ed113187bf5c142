"""Where tests run workflows: a service, a decider and workers in this thread, in virtual time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import localswf
from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.errors import Failure
from swflow.testing.deciding import Deciding
from swflow.testing.domain import Domain, Type
from swflow.testing.inprocess import InProcessClient, InProcessConnection
from swflow.testing.mishaps import Fails, Mishaps, TimeoutKind, TimesOut
from swflow.testing.working import Working
from swflow.values.payloads import PLAIN, Payloads

R = TypeVar("R")

_START = datetime(2026, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Environment:
    """Runs workflows and their activities in this process, without waiting for anything.

    The service is `localswf`, in memory, under a clock that jumps from one thing to the next: 36
    hours pass in milliseconds, the waits between retries and all timeouts among them. Decisions
    are made and activities run where the test waits for something, in its own thread, one at a
    time and in the same order every time; an activity takes no time of that clock, unless it lets
    some pass by `advance`.

        with Environment() as env:
            env.replace(charge, lambda order: "receipt")
            execution = env.start(buy, "a book")
            env.advance(hours=36)
            execution.signal(approved, True)
            assert execution.result() == "receipt"

    Types are registered and served as they are started and called. What a decider would set an
    execution aside for, such as a NonDeterminismError, is raised where the test waits.

    Args:
        types: workflows and activities to be known from the start. There is no need for those that
            the test starts, and that workflows call.
        sticky: keep executions in memory between their decisions, as deciders do; without it every
            decision replays its history from the start, which finds code that cannot be replayed.
        start: the first time that the clock shows.
        payloads: how payloads travel.

    Attributes:
        client: the domain, for code that starts and signals executions itself.
    """

    def __init__(
        self,
        *types: Type,
        sticky: bool = True,
        start: datetime = _START,
        payloads: Payloads = PLAIN,
    ) -> None:
        self._clock = localswf.VirtualClock(round(start.timestamp() * 1000))
        service = localswf.Service(clock=self._clock)
        self._open = ExitStack()
        swf = self._open.enter_context(localswf.Client(service))
        # Polls that find nothing are answered at once, and closed executions are kept for ever.
        service.drain()
        self._domain = Domain(swf, service)
        self._mishaps = Mishaps()
        connection = InProcessConnection(self._domain, self._wait_for, payloads)
        self._deciding = Deciding(self._domain, connection.sealer, sticky=sticky)
        self._open.callback(self._deciding.drop)
        self._started = 0
        self._working = Working(connection, self._clock, self._mishaps)
        self.client: Client = InProcessClient(connection)
        for each in types:
            self._domain.serve(each)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the service, with whatever is still going on."""
        self._open.close()

    @property
    def now(self) -> datetime:
        """The time in here."""
        return datetime.fromtimestamp(self._clock.now() / 1000, UTC)

    # Executions.

    def start(
        self,
        workflow: WorkflowType[..., R],
        *args: Any,
        workflow_id: str | None = None,
        tags: Sequence[str] = (),
        **kwargs: Any,
    ) -> Execution[R]:
        """Start an execution.

        Args:
            workflow: what to start.
            args: the workflow's arguments.
            workflow_id: whom it is about; made from the type's name if left out.
            tags: up to five.
            kwargs: the workflow's named arguments.

        Raises:
            SerializationError: the arguments do not fit the workflow.
            WorkflowAlreadyRunning: an execution of that id is open.
        """
        self._started += 1
        made_up = workflow.workflow_id or f"{workflow.name}-{self._started}"
        workflow_id = workflow_id or made_up
        return self.client.start(workflow, *args, workflow_id=workflow_id, tags=tags, **kwargs)

    def run(self, workflow: WorkflowType[..., R], *args: Any, **kwargs: Any) -> R:
        """Start an execution and give its result; see `start` and `Execution.result`."""
        return self.start(workflow, *args, **kwargs).result()

    # The time.

    def run_until_idle(self) -> None:
        """Do all that can be done before time passes: decisions, activities."""
        while self._domain.service.has_tasks():
            if not (self._deciding.step() or self._working.step()):
                break

    def advance(self, delta: timedelta = timedelta(0), **more: float) -> None:
        """Let time pass, and do all that there is to do meanwhile.

        Args:
            delta: how long.
            more: the same as `timedelta` takes it, as in `advance(hours=36)`.

        Raises:
            ValueError: it is negative.
        """
        seconds = (delta + timedelta(**more)).total_seconds()
        if seconds < 0:
            raise ValueError(f"time cannot go back: {seconds} seconds")
        self._pass_time(self._clock.now() + round(seconds * 1000), lambda: False)

    def _wait_for(self, done: Callable[[], bool], timeout: timedelta | None) -> bool:
        """Let time pass until something is so; whether it came to be so, and in time."""
        until = None if timeout is None else self._clock.now() + round(timeout / _MILLISECOND)
        return self._pass_time(until, done)

    def _pass_time(self, until: int | None, done: Callable[[], bool]) -> bool:
        self.run_until_idle()
        while not done():
            if not self._jump(until):
                return False
            self.run_until_idle()
        return True

    def _jump(self, until: int | None) -> bool:
        """Go to when the next thing comes by itself; False if none comes before `until`."""
        ahead = (self._clock.alarm, self._working.sender.next(), until)
        due = min((each for each in ahead if each is not None), default=None)
        now = self._clock.now()
        if due is None or (until is not None and now >= until):
            return False
        self._clock.advance(max(due - now, 0) / 1000)
        self._working.sender.send_due()
        return True

    # What becomes of activities.

    def replace(self, activity: ActivityType[..., Any], fake: Callable[..., Any]) -> None:
        """Call something else in an activity's place, from now on.

        Args:
            activity: the activity.
            fake: takes the same arguments; `async` or not, and a mock as well. What it returns has
                to be of the activity's type.
        """
        self._mishaps.replace(activity, fake)

    def fail(
        self,
        activity: ActivityType[..., Any],
        error: BaseException | None = None,
        *,
        times: int = 1,
    ) -> None:
        """Let the next attempts of an activity fail, without being run.

        Args:
            activity: the activity.
            error: what it raises; a `Failure` that may be tried again, if left out.
            times: how many attempts.
        """
        self._mishaps.plan(activity, Fails(error or Failure("a failure on demand")), times)

    def time_out(
        self,
        activity: ActivityType[..., Any],
        kind: TimeoutKind = "START_TO_CLOSE",
        *,
        times: int = 1,
    ) -> None:
        """Let the next attempts of an activity time out, without being run.

        A worker takes the task and never answers; unless it is the heartbeat that is to time out,
        it says all the while that it is alive.

        Args:
            activity: the activity; where it has no such timeout, a SwflowError is raised when the
                attempt is begun.
            kind: which of its timeouts passes. SCHEDULE_TO_START passes in `without_workers`.
            times: how many attempts.
        """
        self._mishaps.plan(activity, TimesOut(kind), times)

    @contextmanager
    def without_workers(self, task_list: str) -> Iterator[None]:
        """Let nobody take the activity tasks of a list in here."""
        self._working.away.add(task_list)
        try:
            yield
        finally:
            self._working.away.remove(task_list)

    def restart_decider(self) -> None:
        """Forget what is kept in memory: the next decision of each execution replays it."""
        self._deciding.drop()
