"""The process that runs activities."""

import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from swflow.activity import ActivityType
from swflow.client import Client
from swflow.errors import SwflowError
from swflow.slot import Slot
from swflow.stopping import Stop, on_signals

_log = logging.getLogger(__name__)

_PAUSE = 1.0
_LAST_WAIT = 10.0


@dataclass(eq=False, slots=True)
class _Child:
    process: BaseProcess
    orders: int
    orders_given: int = 0


class Worker:
    """Polls a task list for activity tasks and runs them, each in a child process.

    A child that dies is replaced; what it had in hand times out and is tried again. When the
    worker itself is killed, its children finish what they have in hand and end.

    Args:
        client: the domain.
        activities: the types it serves; a task of any other type fails.
        task_list: what it polls.
        processes: how many tasks it works on at once.
        grace: how long the work in hand may go on after SIGTERM or SIGINT. Then it is interrupted,
            and fails with retry true. Give whoever sends SIGKILL some ten seconds more.
    """

    def __init__(
        self,
        client: Client,
        activities: Sequence[ActivityType[..., Any]],
        *,
        task_list: str,
        processes: int = 1,
        grace: timedelta = timedelta(seconds=30),
    ) -> None:
        self._client = client
        self._activities = activities
        self._task_list = task_list
        self._processes = processes
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
        served = ", ".join(f"{each.name} {each.version}" for each in self._activities)
        _log.info("serving %s on task list %s", served, self._task_list)
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
        _log.info("stopped working on task list %s", self._task_list)

    def _keep_children(self, stop: Stop) -> None:
        while not stop.requested():
            while len(self._children) < self._processes:
                self._children.append(self._start_child())
            wait([stop.fileno(), *(child.process.sentinel for child in self._children)])
            if self._bury():
                stop.wait(_PAUSE)  # it may be dying of something that lasts

    def _start_child(self) -> _Child:
        reader, writer = os.pipe()
        # Forked: what the activities loaded is shared, and they need not be importable by name.
        process = multiprocessing.get_context("fork").Process(
            target=self._be_child, args=(reader, writer), name="swflow-worker"
        )
        process.start()
        os.close(reader)
        return _Child(process, writer)

    def _be_child(self, orders: int, writer: int) -> None:
        # A copy of a writing end in here would hide from a sibling that the worker is gone.
        for each in (writer, *(child.orders for child in self._children)):
            os.close(each)
        slot = Slot(
            self._client,
            self._activities,
            task_list=self._task_list,
            grace=self._grace,
            orders=orders,
        )
        try:
            slot.run()
        except SwflowError as error:
            _log.error("a worker's process cannot go on: %s", error)
            sys.exit(1)

    def _give_orders(self) -> None:
        """Pass every signal on: the first is the order to stop, the second ends the grace time."""
        for child in self._children:
            while child.orders_given < min(self._signals, 2):
                child.orders_given += 1
                with suppress(BrokenPipeError):
                    os.write(child.orders, b".")

    def _end_children(self) -> None:
        self._give_orders()  # to one that was being born when the signal came
        deadline = time.monotonic() + self._grace.total_seconds() + _LAST_WAIT
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
                _log.error("a worker's process died: exit status %s", child.process.exitcode)
            self._children.remove(child)
            os.close(child.orders)
            child.process.close()
        return died
