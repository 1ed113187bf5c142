"""Workflows, their activities and the service that remembers them, in one process and one file."""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import uvloop
from botocore.exceptions import ClientError

import localswf
from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.client.client import Client
from swflow.deciders.decider import Decider
from swflow.deciders.guards import warn
from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Call, converse
from swflow.endpoint.retrying import Patience
from swflow.endpoint.stopping import Stop
from swflow.errors import SwflowError
from swflow.values.payloads import PLAIN, Payloads
from swflow.workers.floor import Floor
from swflow.workers.workplace import Workplace

R = TypeVar("R")

_log = logging.getLogger(__name__)

_DOMAIN = "embedded"


class Embedded:
    """Runs workflows and activities in this process, with no server beside it.

        with Embedded(Path("orders.db"), buy, charge, retention=timedelta(days=90)) as here:
            print(here.client.start(buy, "a book").result())

    What they do is in the file, as Amazon SWF would have it, before anything goes by it: after a
    crash, whoever opens the file next goes on with what was open. One process at a time can. The
    programs are the same as for Amazon SWF; where one process is not enough any more, they move to
    deciders and workers of their own.

    Activities run as coroutines on an event loop, or in threads of this process; so do those for
    the pool "process".

    Args:
        path: the data file, made if it is not there; `localswf serve` can serve it as well.
        types: the workflows and activities.
        retention: how long closed executions are kept, in whole days, in a file that is new.
        concurrency: how many tasks of each task list run at once.
        payloads: how payloads travel.

    Attributes:
        client: the domain, for any thread; it starts executions and looks after them.

    Raises:
        DataFileError: the file is in use, damaged, or not ours.
        SwflowError: a type's hints are of no use, or there is no workflow among the types.
    """

    def __init__(
        self,
        path: Path,
        *types: WorkflowType[..., Any] | ActivityType[..., Any],
        retention: timedelta,
        concurrency: int = 20,
        payloads: Payloads = PLAIN,
    ) -> None:
        workflows = [each for each in types if isinstance(each, WorkflowType)]
        activities = [each for each in types if isinstance(each, ActivityType)]
        if not workflows:
            raise SwflowError("there is no workflow among the types; name those that are to run")
        for each in types:
            each.codec.prepare()
        warn(workflows)
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="swflow", daemon=True)
        with ExitStack() as opening:
            self._thread.start()
            opening.callback(self._end_loop)
            service = self._do(_opened(path))
            opening.callback(lambda: self._do(service.close()))
            swf = localswf.Client(service, self._loop)
            self.client: Client = _HereClient(_HereConnection(swf, payloads))
            self.client.register(*types, retention=retention)
            self._stop = opening.enter_context(Stop())
            self._here = _Here(service, swf)
            self._working = asyncio.run_coroutine_threadsafe(
                self._work(workflows, activities, concurrency), self._loop
            )
            self._open = opening.pop_all()

    def close(self) -> None:
        """Finish the activities that are begun, and end; the rest goes on the next time."""
        if self._stop.requested():
            return
        with self._open:
            self._stop.request()
            self._loop.call_soon_threadsafe(self._here.hang_up)
            self._working.result()

    def __enter__(self) -> Self:
        """Close it at the end."""
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    async def _work(
        self,
        workflows: Sequence[WorkflowType[..., Any]],
        activities: Sequence[ActivityType[..., Any]],
        concurrency: int,
    ) -> None:
        """Decide and work until told to stop, and until the activities in hand are done."""
        deciders = [
            Decider(
                self.client,
                [each for each in workflows if each.task_list == task_list],
                task_list=task_list,
                name=_DOMAIN,
            )
            for task_list in dict.fromkeys(each.task_list for each in workflows)
        ]
        with Stop() as never:
            talks = [talk for each in deciders for talk in each.conversations(never)]
            deciding = asyncio.ensure_future(converse(self._here, talks))
            deciding.add_done_callback(_tell)
            floor = Floor(self._here, Workplace(self.client, activities), self._stop)
            task_lists = list(dict.fromkeys(each.task_list for each in activities))
            try:
                if task_lists:
                    await floor.work(_DOMAIN, task_lists, concurrency)
                await self._here.stopped.wait()
            finally:
                deciding.cancel()
                await asyncio.wait([deciding])
                for each in deciders:
                    each.close()

    def _do(self, coroutine: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _tell(deciding: asyncio.Future[None]) -> None:
    if not deciding.cancelled() and (error := deciding.exception()):
        _log.critical("nothing is decided any more: %s", error)


async def _opened(path: Path) -> localswf.Service:
    return localswf.Service(path)


class _Here:
    """Makes calls for those who share the service's event loop."""

    def __init__(self, service: localswf.Service, swf: localswf.Client) -> None:
        self._service = service
        self._swf = swf
        self._waiting: dict[asyncio.Future[dict[str, Any]], Call] = {}
        self.stopped = asyncio.Event()

    async def ask(self, call: Call) -> dict[str, Any]:
        """See `Caller`."""
        patient = None
        while True:
            try:
                return await self._ask_once(call)
            except ClientError as error:  # the disk may be full
                patient = patient or Patience(call.operation, call.patience)
                await asyncio.sleep(patient.wait(error))

    async def _ask_once(self, call: Call) -> dict[str, Any]:
        answered = self._service.call(call.operation, call.parameters)
        self._waiting[answered] = call
        try:
            with suppress(Exception):
                await answered
        except asyncio.CancelledError:
            if call.hang_up_at() <= time.monotonic():
                return {}
            raise
        finally:
            del self._waiting[answered]
        return self._swf.outcome(call.operation, answered)

    def hang_up(self) -> None:
        """Stopping was asked for: end the polls that wait until then."""
        self.stopped.set()
        for answered, call in tuple(self._waiting.items()):
            if call.hang_up_at() <= time.monotonic():
                answered.cancel()


class _HereConnection(Connection):
    """The way to a service in this process, for other threads than its own."""

    def __init__(self, swf: localswf.Client, payloads: Payloads) -> None:
        super().__init__(_DOMAIN, None, None, None, payloads)
        self._swf = swf

    @property
    def swf(self) -> Any:
        """The service."""
        return self._swf

    @property
    def transport(self) -> Any:
        """The service, called by the names that its operations have on the wire."""
        return self._swf

    def __str__(self) -> str:
        return "this process"


class _HereClient(Client):
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
