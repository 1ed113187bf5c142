"""Many tasks at once in one process."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.lanes import Call, Caller
from swflow.endpoint.polling import LONGEST, poll_of
from swflow.endpoint.stopping import Stop
from swflow.workers.workplace import Workplace

_log = logging.getLogger(__name__)

POLLS = 10
"""How many polls of a task list are open at most."""

_PAUSE = 1.0


class Floor:
    """Works on the tasks of lists that have coroutines, as many at once as there is room for.

    Polls, answers and the coroutines share the running event loop, and no task changes threads;
    other activities of such a list go to a thread.

    Args:
        caller: makes the calls.
        place: knows the activities.
        stop: ends the polls.
    """

    def __init__(self, caller: Caller, place: Workplace, stop: Stop) -> None:
        self._caller = caller
        self._place = place
        self._stop = stop
        self._working: set[asyncio.Task[None]] = set()

    async def work(self, domain: str, task_lists: Sequence[str], concurrency: int) -> None:
        """Work until told to stop, and until the work in hand is done.

        Args:
            domain: the domain.
            task_lists: what to poll.
            concurrency: how many tasks of each at once.
        """
        self._threads = ThreadPoolExecutor(concurrency * len(task_lists), "activities")
        polls = []
        for task_list in task_lists:
            asked = poll_of(domain, task_list)
            call = Call("PollForActivityTask", asked, LONGEST, hang_up_at=self._stop.hang_up_at)
            room = asyncio.Semaphore(concurrency)
            polls += [self._poll(call, room) for _ in range(min(concurrency, POLLS))]
        await asyncio.gather(*polls)
        while self._working:
            await asyncio.wait(self._working)
        self._threads.shutdown(wait=False)

    async def _poll(self, call: Call, room: asyncio.Semaphore) -> None:
        """Poll for one task after the other, as long as there is room."""
        loop = asyncio.get_running_loop()
        while not self._stop.requested():
            await room.acquire()
            task = {} if self._stop.requested() else await self._polled(call)
            if task.get("taskToken"):
                working = loop.create_task(self._work_on(task))
                self._working.add(working)
                working.add_done_callback(lambda done: self._done(done, room))
            else:
                room.release()

    async def _polled(self, call: Call) -> dict[str, Any]:
        try:
            return await self._caller.ask(call)
        except (BotoCoreError, ClientError) as error:
            _log.error("polling was refused: %s", error)
            await asyncio.sleep(_PAUSE)
            return {}

    async def _work_on(self, task: dict[str, Any]) -> None:
        try:
            if self._place.is_for_loop(task):
                await self._place.work_on_by(self._caller, task)
            else:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._threads, self._place.work_on, task)
        except Exception:  # noqa: BLE001 - the other tasks go on
            _log.exception("a task was dropped; it will time out")

    def _done(self, working: asyncio.Task[None], room: asyncio.Semaphore) -> None:
        self._working.discard(working)
        room.release()
