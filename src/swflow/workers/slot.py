"""The processes of a worker: they poll for tasks, run them, answer, and poll again."""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uvloop

from swflow.authoring.activity import ActivityType
from swflow.client.client import Client
from swflow.endpoint.lanes import Lanes
from swflow.endpoint.polling import Poller
from swflow.endpoint.stopping import Stop
from swflow.errors import SwflowError
from swflow.telemetry.logs import show_tasks
from swflow.workers.floor import POLLS, Floor
from swflow.workers.in_hand import InHand
from swflow.workers.workplace import Workplace

_log = logging.getLogger(__name__)

_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that serve some task lists.

    Attributes:
        task_lists: what each of them polls.
        processes: how many they are.
        concurrency: how many tasks of each task list one works on at once; None: it works on a
            single task, in its main thread.
    """

    task_lists: tuple[str, ...]
    processes: int
    concurrency: int | None

    def __str__(self) -> str:
        lists = ", ".join(self.task_lists)
        if self.concurrency is None:
            return f"{lists} (in {self.processes} process{'es' * (self.processes > 1)})"
        return f"{lists} (up to {self.concurrency} tasks at once in one process)"


class Slot:
    """One process of a crew.

    Args:
        client: the domain.
        activities: the types it serves.
        crew: what it is one of.
        grace: how long the work in hand may go on after the order to stop.
        orders: a file descriptor; a byte on it, or its end, is the order to stop, and a second
            byte ends the grace time.
        in_hand: where a process that works on a single task notes which.
    """

    def __init__(
        self,
        client: Client,
        activities: Sequence[ActivityType[..., Any]],
        crew: Crew,
        *,
        grace: timedelta,
        orders: int,
        in_hand: InHand,
    ) -> None:
        self._client = client
        self._crew = crew
        self._grace = grace
        self._orders = orders
        self._in_hand = in_hand
        self._stop = Stop()
        self._place = Workplace(client, activities)

    def run(self) -> None:
        """Work until told to stop."""
        show_tasks()
        # Signals mean the worker, which gives the orders; a terminal sends them to everybody.
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._place.interrupt_here())
        threading.Thread(
            target=self._place.obey,
            args=(self._orders, self._stop, self._grace),
            name="orders",
            daemon=True,
        ).start()
        if self._crew.concurrency is None:
            polls = _Polls(self._client, self._stop, self._crew.task_lists[0], 1)
            self._take_turns(polls, self._work_alone)
        else:
            self._work_on_many(self._crew.concurrency)

    def _work_on_many(self, concurrency: int) -> None:
        """Serve lists without coroutines in threads, the others on this thread's event loop."""
        looping = [each for each in self._crew.task_lists if self._place.has_coroutines(each)]
        threads = []
        for task_list in self._crew.task_lists:
            if task_list not in looping:
                polls = _Polls(self._client, self._stop, task_list, min(concurrency, POLLS))
                threads += [
                    threading.Thread(
                        target=self._take_turns, args=(polls, self._place.work_on), name=task_list
                    )
                    for _ in range(concurrency)
                ]
        for each in threads:
            each.start()
        if looping:
            uvloop.run(self._loop(looping, concurrency))
        for each in threads:
            each.join()

    async def _loop(self, task_lists: Sequence[str], concurrency: int) -> None:
        client, stop = self._client, self._stop
        async with Lanes(client.connection.transport, stop) as lanes:
            await Floor(lanes, self._place, stop).work(client.domain, task_lists, concurrency)

    def _take_turns(self, polls: "_Polls", work_on: Callable[[dict[str, Any]], None]) -> None:
        """Take one task after the other; whoever is here is free to work on it."""
        while not self._stop.requested():
            task = polls.next()
            if task is not None:
                work_on(task)

    def _work_alone(self, task: dict[str, Any]) -> None:
        self._in_hand.take(task)
        self._place.work_on(task)
        self._in_hand.put_down()


class _Polls:
    """The polls of one task list, a few at a time, however many threads wait for a task."""

    def __init__(self, client: Client, stop: Stop, task_list: str, number: int) -> None:
        self._stop = stop
        self._poller = Poller(client.connection, stop, "PollForActivityTask", task_list)
        self._free = threading.Semaphore(number)

    def next(self) -> dict[str, Any] | None:
        """A task; None if there was none, or if stopping was asked for."""
        with self._free:
            try:
                return self._poller.poll()
            except SwflowError as error:
                _log.error("%s", error)
                self._stop.wait(_PAUSE)
                return None
