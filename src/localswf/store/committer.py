"""Commits: by the event loop on a quick disk, else in a thread, so that it does not wait long."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

B = TypeVar("B")

Done = Callable[[BaseException | None], None]
"""Told that a commit is on disk, or what kept it from there."""

QUICK = 0.001
_LONGEST_COUNTED = 0.005
_WEIGHT = 1 / 8


class Committer(Generic[B]):
    """Commits one batch after the other.

    To wake a thread, and to be woken by it, costs as much as a commit on a good disk takes: as long
    as commits take less than a millisecond on average, the event loop makes them itself.
    """

    def __init__(self, commit: Callable[[B], None]) -> None:
        """`commit` is called by the event loop or in the thread."""
        self._commit = commit
        self._average = 0.0
        self._batches: SimpleQueue[tuple[B, asyncio.AbstractEventLoop, Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def commit(self, batch: B, done: Done) -> None:
        """Commit a batch and call `done`, at once or by the running event loop."""
        if self._average > QUICK:
            self._batches.put((batch, asyncio.get_running_loop(), done))
            return
        try:
            self._timed(batch)
        except BaseException as raised:
            done(raised)
            if not isinstance(raised, Exception):  # Ctrl-C is for the program as well
                raise
        else:
            done(None)

    def stop(self) -> None:
        """End the thread after the batches at hand."""
        self._batches.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._batches.get()) is not None:
            batch, loop, done = job
            error: BaseException | None = None
            try:
                self._timed(batch)
            except BaseException as raised:  # noqa: BLE001 - it is for those who wait
                error = raised
            # Where the loop is gone, nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(done, error)

    def _timed(self, batch: B) -> None:
        begun = time.perf_counter()
        try:
            self._commit(batch)
        finally:
            # One alone, which may have moved the log into the file as well, says little.
            took = min(time.perf_counter() - begun, _LONGEST_COUNTED)
            self._average += (took - self._average) * _WEIGHT
