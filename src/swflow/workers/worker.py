"""The process that runs activities."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.authoring.activity import ActivityType
from swflow.client.client import Client
from swflow.endpoint.retrying import code
from swflow.endpoint.stopping import Stop, on_signals
from swflow.telemetry.logs import TaskLog
from swflow.values.failure import Report
from swflow.workers.in_hand import InHand
from swflow.workers.responding import STOPPED, Responder
from swflow.workers.slot import Crew, Slot

_log = logging.getLogger(__name__)

_PAUSE = 1.0
_LAST_WAIT = 15.0


@dataclass(eq=False, slots=True)
class _Child:
    process: BaseProcess
    orders: int
    in_hand: InHand
    crew: Crew
    orders_given: int = 0


class Worker:
    """Polls task lists for activity tasks and runs them, in child processes.

    A task list whose activities are all for the pools "asyncio" and "thread" is served by one
    child, which serves all such lists and runs up to `concurrency` tasks of each at once: those for
    "asyncio" on the event loop of its main thread, the others in a thread each. A task list with an
    activity for the pool "process" has `processes` children of its own, each running one task at a
    time, whatever the task's pool. The lists are those that the activities are declared for; a task
    that `options` sent to another list runs as that list does.

    No more polls are open than tasks can be begun, and at most ten on a list.

    A child that dies is replaced. Its task is a failure that may be tried again, if it works on a
    single one; else its tasks time out. When the worker itself is killed, its children finish what
    they have in hand and end. A service that is away or throttles is asked again, with pauses, for
    as long as it takes.

    Args:
        client: the domain.
        activities: the types it serves; a task of any other type fails.
        task_lists: what it polls; every task list of its activities, if left out.
        processes: how many children serve each task list that has an activity for "process".
        concurrency: how many tasks of each other task list run at once.
        grace: how long the work in hand may go on after SIGTERM or SIGINT. Then it is interrupted,
            and handed back to be tried again. Give whoever sends SIGKILL some ten seconds more.
    """

    def __init__(
        self,
        client: Client,
        activities: Sequence[ActivityType[..., Any]],
        *,
        task_lists: str | Sequence[str] | None = None,
        processes: int = 1,
        concurrency: int = 20,
        grace: timedelta = timedelta(seconds=30),
    ) -> None:
        if min(processes, concurrency) < 1:
            raise ValueError("a worker's processes and its concurrency are 1 or more")
        self._client = client
        self._activities = activities
        named = [task_lists] if isinstance(task_lists, str) else task_lists
        declared = [each.task_list for each in activities]
        self._task_lists = tuple(dict.fromkeys(declared if named is None else named))
        self._crews = self._divide(processes, concurrency)
        self._grace = grace
        self._children: list[_Child] = []
        self._signals = 0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second one ends the grace time.

        Raises:
            SwflowError: the domain does not exist, or an activity's type hints are of no use.
        """
        for each in self._activities:
            each.codec.prepare()
        self._client.require_domain()
        self._warn_of_unregistered()
        served = ", ".join(f"{each.name} {each.version}" for each in self._activities)
        for crew in self._crews:
            _log.info("serving %s on task list %s", served, crew)
        worker_process = os.getpid()
        with Stop() as stop:

            def ask_to_stop() -> None:
                if os.getpid() == worker_process:  # not in a child that is just being born
                    self._signals += 1
                    self._give_orders()
                    stop.request()

            with on_signals(ask_to_stop):
                self._keep_children(stop)
                self._end_children()
        _log.info("stopped working on task list %s", ", ".join(self._task_lists))

    def _warn_of_unregistered(self) -> None:
        """A type that nobody registered is never asked for, and nobody would say so."""
        for each in self._activities:
            kind: Any = {"name": each.name, "version": each.version}
            try:
                self._client.connection.swf.describe_activity_type(
                    domain=self._client.domain, activityType=kind
                )
            except ClientError as error:
                if code(error) == "UnknownResourceFault":
                    where = self._client.connection
                    _log.warning("%s %s is not registered in %s", each.name, each.version, where)
            except BotoCoreError:
                return  # the endpoint is away; this is only a help

    def _divide(self, processes: int, concurrency: int) -> list[Crew]:
        """Who serves which task lists."""
        alone: list[str] = []
        together: list[str] = []
        for name in self._task_lists:
            declared = [each.pool for each in self._activities if each.task_list == name]
            pools = declared or [each.pool for each in self._activities]
            (alone if "process" in pools else together).append(name)
        crews = [Crew((name,), processes, None) for name in alone]
        return [*crews, Crew(tuple(together), 1, concurrency)] if together else crews

    def _keep_children(self, stop: Stop) -> None:
        while not stop.requested():
            for crew in self._crews:
                while sum(child.crew is crew for child in self._children) < crew.processes:
                    self._children.append(self._start_child(crew))
            wait([stop.fileno(), *(child.process.sentinel for child in self._children)])
            if self._bury():
                stop.wait(_PAUSE)  # it may be dying of something that lasts

    def _start_child(self, crew: Crew) -> _Child:
        reader, writer = os.pipe()
        in_hand = InHand()
        # Forked: what the activities loaded is shared, and they need not be importable by name.
        process = multiprocessing.get_context("fork").Process(
            target=self._be_child, args=(crew, reader, writer, in_hand), name="swflow-worker"
        )
        process.start()
        os.close(reader)
        return _Child(process, writer, in_hand, crew)

    def _be_child(self, crew: Crew, orders: int, writer: int, in_hand: InHand) -> None:
        # A copy of a writing end in here would hide from a sibling that the worker is gone.
        for each in (writer, *(child.orders for child in self._children)):
            os.close(each)
        Slot(
            self._client,
            self._activities,
            crew,
            grace=self._grace,
            orders=orders,
            in_hand=in_hand,
        ).run()

    def _give_orders(self) -> None:
        """Pass every signal on: the first is the order to stop, the second ends the grace time."""
        for child in self._children:
            while child.orders_given < min(self._signals, 2):
                child.orders_given += 1
                with suppress(BrokenPipeError):
                    os.write(child.orders, b".")

    def _end_children(self) -> None:
        self._give_orders()  # to one that was being born when the signal came
        seconds = self._grace.total_seconds()
        _log.info("stopping: the work in hand has %g s, or until the next signal", seconds)
        deadline = time.monotonic() + seconds + _LAST_WAIT
        while self._children and (left := deadline - time.monotonic()) > 0:
            wait([child.process.sentinel for child in self._children], left)
            self._bury()
        for child in self._children:
            child.process.kill()
            child.process.join()
        self._bury()

    def _bury(self) -> bool:
        """Let go of the children that ended; whether one ended that should not have."""
        died = False
        for child in tuple(self._children):
            if child.process.exitcode is None:
                continue
            if child.process.exitcode != 0:
                died = True
                self._tell_of_death(child, _how(child.process.exitcode))
            self._children.remove(child)
            os.close(child.orders)
            child.process.close()
        return died

    def _tell_of_death(self, child: _Child, how: str) -> None:
        """Say that a child is gone; and to the service, if nobody else can answer for its task."""
        _log.error("a worker's process %s", how)
        task = child.in_hand.task
        if task is None:
            return
        log = TaskLog(_log, self._client.domain, task)
        report = Report(f"the worker's process {how}", None, retry=True)
        responder = Responder(self._client.connection, task["taskToken"], log)
        if responder.hand_back(STOPPED if self._signals else report):
            log.error("failed: %s", report.reason)


def _how(status: int) -> str:
    """What became of a process that ended with this status, as multiprocessing has it."""
    if status >= 0:
        return f"ended with exit status {status}"
    return f"was killed by signal {-status} ({signal.strsignal(-status)})"
