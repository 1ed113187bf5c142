"""The thread that commits, so that the event loop never waits for the disk."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

B = TypeVar("B")

Done = Callable[[BaseException | None], None]
"""Told that a commit is on disk, or what kept it from there."""


class Committer(Generic[B]):
    """Commits one batch after the other.

    Less than an executor, whose futures of futures cost twice as much for each commit.
    """

    def __init__(self, commit: Callable[[B], None]) -> None:
        """`commit` is called in the thread."""
        self._commit = commit
        self._batches: SimpleQueue[tuple[B, asyncio.AbstractEventLoop, Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def commit(self, batch: B, done: Done) -> None:
        """Commit a batch and call `done` on the running event loop."""
        self._batches.put((batch, asyncio.get_running_loop(), done))

    def stop(self) -> None:
        """End the thread after the batches at hand."""
        self._batches.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._batches.get()) is not None:
            batch, loop, done = job
            error: BaseException | None = None
            try:
                self._commit(batch)
            except BaseException as raised:  # noqa: BLE001 - it is for those who wait
                error = raised
            # Where the loop is gone, nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(done, error)
