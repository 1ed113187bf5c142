"""What follows from events: tasks find pollers, deadlines their time, and answers the disk."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from localswf import errors, limits
from localswf.clock import Clock
from localswf.core.events import Event
from localswf.core.execution import Execution
from localswf.core.timers import Deadlines
from localswf.engine.exchange import Exchange
from localswf.engine.runs import Run, Runs
from localswf.engine.task_lists import ListKey, Task, TaskLists
from localswf.model import Answer, Request
from localswf.store.datafile import DataFileError
from localswf.store.journal import Journal

log = logging.getLogger(__name__)

_LONG_POLL = 60_000
_OVER_BEFORE_STARTED = ("ActivityTaskCanceled", "ActivityTaskTimedOut", "DecisionTaskTimedOut")


@dataclass(slots=True, eq=False)
class Call:
    """A request on its way to its answer."""

    request: Request
    region: str
    connected: Callable[[], bool]
    future: asyncio.Future[Answer]

    def alive(self) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.future.done() and self.connected()


Chore = Callable[[], None]
"""Something to be done at a time."""

Give = Callable[[Call, Task], None]
"""Starts a task and settles the poll that gets it."""


class Dispatcher:
    """Keeps executions, task lists, deadlines and answers together.

    An answer is released once everything written so far is on disk. That holds for answers that
    only read as well: nobody is shown what a crash could still undo. A task may be given to a
    poller before the events that scheduled it are on disk, since the poller's answer waits.
    """

    def __init__(
        self,
        journal: Journal,
        runs: Runs,
        clock: Clock,
        *,
        give_decision: Give,
        give_activity: Give,
    ) -> None:
        """Take up the open executions where they stopped."""
        self._journal = journal
        self._runs = runs
        self._clock = clock
        self.decisions: TaskLists[Call] = TaskLists(give_decision)
        self.activities: TaskLists[Call] = TaskLists(give_activity)
        exchange = self._exchange = Exchange(runs, clock, self.record)
        self._errands: deque[tuple[Run, Event]] = deque()
        self._running_errands = False
        self._consequences: Mapping[str, Callable[[Run, Event], None]] = {
            "ActivityTaskScheduled": lambda run, event: self._offer_activity(run, event.id),
            "LambdaFunctionScheduled": lambda run, event: self._schedule_lambda(run, event.id),
            # A task that is over without having been started is one that waits.
            **dict.fromkeys(_OVER_BEFORE_STARTED, self._withdraw),
            **dict.fromkeys(exchange.steps, lambda *errand: self._errands.append(errand)),
            # At once: the workflowId goes to the new run, not to a child that wants it too.
            "WorkflowExecutionContinuedAsNew": lambda *errand: self._errands.appendleft(errand),
        }
        self._tell_closed: Callable[[Execution], None] = lambda _: None
        self._schedule_lambda: Callable[[Run, int], None] = lambda _run, _scheduled_id: None
        self._deadlines: Deadlines[Run | Call | Chore] = Deadlines()
        self._alarm: int | None = None
        self._parked: dict[Call, Answer] = {}
        self._draining = False
        for run in runs.all_open():
            for scheduled_id, activity in run.execution.activities.items():
                if not activity.started_id:
                    self._offer_activity(run, scheduled_id)
            self.follow(run)

    def record(self, run: Run, events: list[Event]) -> None:
        """Write down what happened to an execution and see to what follows from it."""
        self._runs.record(run, events)
        for event in events:
            follow_up = self._consequences.get(event.type)
            if follow_up is not None:
                follow_up(run, event)
        self.follow(run)
        execution = run.execution
        if not execution.closed and execution.last_event_id >= limits.EVENTS:
            now = self._clock.now()
            self.record(run, execution.terminate(None, None, None, now, "EVENT_LIMIT_EXCEEDED"))
        if self._errands or execution.closed:
            self._run_errands()

    def follow(self, run: Run) -> None:
        """Keep an execution's decision task and deadline where they belong."""
        execution = run.execution
        if execution.closed:
            for task in list(run.waiting.values()):
                task.lists.withdraw(task)
            self._deadlines.drop(run)
            return
        ready = execution.ready_decision
        if ready is not None and ready.scheduled_id not in run.waiting:
            key = (execution.domain, ready.task_list)
            self.decisions.offer(
                Task(self.decisions, run, ready.scheduled_id, key, execution.priority)
            )
        due = execution.next_deadline()
        if due is None:
            self._deadlines.drop(run)
        else:
            self._deadlines.set(run, due)

    def poll(self, call: Call, lists: TaskLists[Call], key: ListKey, nothing: Answer) -> None:
        """Settle a poll with a task, or after the minute that a long poll lasts with `nothing`."""
        if lists.poll(key, call):
            return
        if self._draining:
            lists.leave(key, call)
            self.settle(call, nothing)
            return
        self._parked[call] = nothing
        call.future.add_done_callback(lambda _: self._unpark(call, lists, key))
        self._deadlines.set(call, self._clock.now() + _LONG_POLL)

    def settle(self, call: Call, outcome: Answer | errors.SwfError) -> None:
        """Answer a call once everything written so far is on disk."""
        self._journal.durable(partial(_release, call.future, outcome))

    def settle_from_disk(self, call: Call, read: Callable[[], Answer]) -> None:
        """Answer a call by what `read` finds on disk once everything written so far is there."""
        self._journal.durable(partial(_read_and_release, call.future, read))

    def hand_over(self, call: Call, task: Answer) -> None:
        """Answer a poll with its task, which is no other's now, as soon as that is on disk."""
        self._journal.eventually(partial(_release, call.future, task, None))

    def on_close(self, tell: Callable[[Execution], None]) -> None:
        """Have `tell` called for each execution that closes."""
        self._tell_closed = tell

    def on_lambda(self, schedule: Callable[[Run, int], None]) -> None:
        """Have `schedule` called for each Lambda task, with the id of the event that scheduled it.

        It may not record anything itself: the call that caused the event may not be through.
        """
        self._schedule_lambda = schedule

    def at(self, when: int, chore: Chore) -> None:
        """Have `chore` called at `when`, in place of an earlier wish; not while draining."""
        if not self._draining:
            self._deadlines.set(chore, when)

    def wake(self) -> None:
        """Let everything that is due happen."""
        now = self._clock.now()
        while (due := self._deadlines.pop_due(now)) is not None:
            if isinstance(due, Call):
                self.settle(due, self._parked[due])
            elif isinstance(due, Run):
                self.record(due, due.execution.expire(now))
            else:
                due()

    def lag(self) -> float:
        """For how many seconds the first of the deadlines has been overdue."""
        due = self._deadlines.next()
        return 0.0 if due is None else max(0, self._clock.now() - due) / 1000

    def set_alarm(self) -> None:
        """Have `wake` called when the next thing is due."""
        due = self._deadlines.next()
        # One that comes too early does no harm, so on a wall clock it is not worth moving.
        if due is not None and (self._alarm is None or due < self._alarm or self._clock.virtual):
            self._alarm = due
            self._clock.set_alarm(due, self._on_alarm)

    def drain(self) -> None:
        """Answer the polls that wait, and every later one that finds no task, with nothing."""
        self._draining = True
        for call, nothing in self._parked.items():
            self.settle(call, nothing)

    def stop(self) -> None:
        """Let nothing become due any more."""
        self._deadlines.clear()
        self._clock.set_alarm(None, self._on_alarm)

    def _run_errands(self) -> None:
        """Carry out what one execution means for others, and what that means for yet others."""
        if self._running_errands:
            return
        self._running_errands = True
        try:
            while self._errands:
                run, event = self._errands.popleft()
                self._exchange.steps[event.type](run, event)
        finally:
            self._running_errands = False
        for closed in self._runs.release_closed():
            self._tell_closed(closed.execution)

    def _on_alarm(self) -> None:
        self._alarm = None
        if self._journal.stuck is not None:
            # So that no more is written than has been: all goes on as after a restart.
            self._journal.eventually(self._on_alarm)
            return
        self.wake()
        self.set_alarm()

    def _unpark(self, call: Call, lists: TaskLists[Call], key: ListKey) -> None:
        lists.leave(key, call)
        self._deadlines.drop(call)
        del self._parked[call]

    def _withdraw(self, run: Run, event: Event) -> None:
        task = run.waiting.get(event.attributes["scheduledEventId"])
        if task is not None:
            task.lists.withdraw(task)

    def _offer_activity(self, run: Run, scheduled_id: int) -> None:
        execution = run.execution
        activity = execution.activities.get(scheduled_id)
        # Closed by the same answer that scheduled it?
        if activity is not None:
            key = (execution.domain, activity.task_list)
            self.activities.offer(Task(self.activities, run, scheduled_id, key, activity.priority))


def _read_and_release(
    future: asyncio.Future[Answer], read: Callable[[], Answer], failure: BaseException | None
) -> None:
    outcome: Answer | errors.SwfError = {}
    if failure is None:
        try:
            outcome = read()
        except DataFileError as error:
            log.error("%s", error)  # noqa: TRY400 - the sentence says it all
            outcome = errors.internal_failure(str(error))
    _release(future, outcome, failure)


def _release(
    future: asyncio.Future[Answer],
    outcome: Answer | errors.SwfError,
    failure: BaseException | None,
) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(errors.unwritable(failure))
    elif isinstance(outcome, errors.SwfError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
