"""What happened, on disk: append-only histories with group commit.

What is written goes into one queue and is committed in that order, so whatever is on disk is a
prefix of what happened. `durable` calls back once everything written before it is on disk. A commit
waits as long as each round of the event loop brings more to write, for a few rounds at most; while
one is being synced in a thread the next one gathers.
"""

import asyncio
import contextlib
import itertools
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from localswf.core.events import compact_json
from localswf.status import Writing
from localswf.store.committer import Committer
from localswf.store.datafile import FileLock, connect, prepare
from localswf.store.reader import NUMBER_ONLY, SHORTENED, Reader
from localswf.store.records import Heartbeat, Row, StoredExecution, checksum, event_rows

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_ROUNDS = 4

_ADD_EXECUTION = "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_EVENTS = "INSERT INTO events VALUES (?, ?, ?, ?)"
_SET_EXECUTION = (
    "UPDATE executions SET closed_at = ?, close_status = ?, info = ?, checksum = ? WHERE number = ?"
)

Queue = list[tuple[str, Row]]
"""Statements, each with the row that it is for."""

Durable = Callable[[BaseException | None], None]
"""Told that what was written is on disk, or what kept it from there."""


class _Batch(NamedTuple):
    """What is committed together: the queue, who waits for it, and how much is written by then."""

    queue: Queue
    waiting: list[Durable]
    written: int


class Journal(Reader):
    """An open data file.

    Attributes:
        secret: random bytes that only this file has.
        written: how many changes have been written down since the file was opened.
        on_disk: how many of them are on disk.
        writing: what is told of the writing.
    """

    def __init__(self, path: Path | None, *, grouped: bool) -> None:
        """Open a data file; one that is not there is made.

        Args:
            path: the file; None for one in memory.
            grouped: commit for many requests at a time, which takes a running event loop; else for
                one, at once.

        Raises:
            DataFileError: the file is in use, damaged, or not ours.
        """
        self._queue: Queue = []
        self._events: dict[int, tuple[int, list[str]]] = {}
        path = self._path = None if path is None else path.resolve()
        with contextlib.ExitStack() as held:
            if path is not None:
                held.callback(FileLock(path).release)
            self._writer = self._reader = held.enter_context(contextlib.closing(connect(path)))
            prepare(self._writer, path)
            if path is not None:
                self._reader = held.enter_context(contextlib.closing(connect(path)))
            self.secret = self._read_secret()
            self._held = held.pop_all()
        self._committer = Committer(self._commit) if grouped else None
        self._waiting: list[Durable] = []
        self._busy = False
        self.written = self.on_disk = 0
        self.writing = Writing()

    @property
    def stuck(self) -> str | None:
        """Why nothing can be written at present, while that is tried again and again."""
        return None if self._committer is None else self.writing.failure

    @property
    def queued(self) -> int:
        """How many changes wait to be committed."""
        return self.written - self.on_disk

    def file_sizes(self) -> dict[str, int]:
        """The sizes in bytes of the data file and of its write-ahead log; none in memory."""
        if self._path is None:
            return {}
        log_path = self._path.with_name(f"{self._path.name}-wal")
        parts = {"data": self._path, "wal": log_path}
        return {part: path.stat().st_size for part, path in parts.items() if path.exists()}

    def set_domain(self, name: str, record: dict[str, Any]) -> None:
        """Write down a domain in place of what it was."""
        text = compact_json(record)
        row = (name, text, checksum(text, (name,)))
        self._write("INSERT OR REPLACE INTO domains VALUES (?, ?, ?)", row)

    def set_type(
        self, domain: str, kind: str, name: str, version: str, record: dict[str, Any]
    ) -> None:
        """Write down a type in place of what it was."""
        key, text = (domain, kind, name, version), compact_json(record)
        row = (*key, text, checksum(text, key))
        self._write("INSERT OR REPLACE INTO types VALUES (?, ?, ?, ?, ?, ?)", row)

    def delete_type(self, domain: str, kind: str, name: str, version: str) -> None:
        """Write down that a type is no more."""
        key = (domain, kind, name, version)
        self._write("DELETE FROM types WHERE (domain, kind, name, version) = (?, ?, ?, ?)", key)

    def add_execution(self, execution: StoredExecution, tags: Iterable[str]) -> None:
        """Write down a new execution, and the tags by which it is listed."""
        self._write(_ADD_EXECUTION, (*execution, checksum(execution.info, execution[:-1])))
        for tag in set(tags):
            row = (execution.number, tag, execution.domain, execution.started_at)
            self._write("INSERT INTO tags VALUES (?, ?, ?, ?, NULL)", row)

    def set_execution(self, execution: StoredExecution) -> None:
        """Write down what lists of executions tell of one in place of what they told before."""
        changed = execution[-3:]
        row = (*changed, checksum(execution.info, execution[:-1]), execution.number)
        self._write(_SET_EXECUTION, row)

    def close_execution(self, execution: StoredExecution, description: dict[str, Any]) -> None:
        """Write down that an execution is closed, and what describing it tells from now on."""
        number, text = execution.number, compact_json(description)
        self.set_execution(execution)
        row = (execution.closed_at, number)
        self._write("UPDATE tags SET closed_at = ? WHERE number = ?", row)
        described = (number, text, checksum(text, (number,)))
        self._write("INSERT INTO descriptions VALUES (?, ?, ?)", described)
        self._write("DELETE FROM heartbeats WHERE execution = ?", (number,))

    def add_events(self, number: int, first: int, events: Sequence[str]) -> None:
        """Write down the JSON of an execution's next events; `first` is the first one's id."""
        self.writing.events += len(events)
        # Those of one execution share the rows of a commit.
        added = self._events.get(number)
        if added is None:
            self._events[number] = (first, list(events))
        else:
            added[1].extend(events)
        self._wrote()

    def set_heartbeat(self, number: int, heartbeat: Heartbeat) -> None:
        """Write down an activity task's heartbeat in place of its last one."""
        scheduled_id, timestamp, details = heartbeat
        key, text = (number, scheduled_id, timestamp), compact_json(details)
        row = (*key, text, checksum(text, key))
        self._write("INSERT OR REPLACE INTO heartbeats VALUES (?, ?, ?, ?, ?)", row)

    def shorten_execution(self, number: int, last: int) -> None:
        """Take the events after `last` from a closed execution, which nobody can find any more."""
        self._delete_what_is_told_of((number,))
        self._write("UPDATE executions SET closed_at = ? WHERE number = ?", (SHORTENED, number))
        self._write("DELETE FROM events WHERE execution = ? AND last_id > ?", (number, last))

    def forget_executions(self, numbers: Sequence[int]) -> None:
        """Take closed executions from the file. Their numbers are not given again."""
        if not numbers:
            return
        self._delete_what_is_told_of(numbers)
        for number in numbers:
            self._write("DELETE FROM events WHERE execution = ?", (number,))
        # The highest number stays, so that the next one is known after a restart.
        unless_last = "number < (SELECT max(number) FROM executions)"
        for number in numbers:
            self._write(f"DELETE FROM executions WHERE number = ? AND {unless_last}", (number,))  # noqa: S608 - this module's own text
        for number in numbers:
            hide = "UPDATE executions SET closed_at = ? WHERE number = ?"
            self._write(hide, (NUMBER_ONLY, number))
        # The first condition is what the index of these is for.
        old = f"DELETE FROM executions WHERE closed_at < 0 AND closed_at = ? AND {unless_last}"  # noqa: S608 - this module's own text
        self._write(old, (NUMBER_ONLY,))

    def _delete_what_is_told_of(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._write("DELETE FROM tags WHERE number = ?", (number,))
        for number in numbers:
            self._write("DELETE FROM descriptions WHERE execution = ?", (number,))

    def durable(self, callback: Durable) -> None:
        """Call back when all that was written is on disk, which may be at once.

        What could not be written is kept and tried again, in order, before anything later. There is
        no disk to wait for where all is in memory: it is committed when somebody reads.
        """
        if self._path is None:
            self.on_disk = self.written
        if self.on_disk == self.written:
            callback(None)
            return
        self._waiting.append(callback)
        if self._committer is None:
            self._commit_here()

    def eventually(self, callback: Callable[[], None]) -> None:
        """Call back when all that was written is on disk, however often it has to be tried."""
        self.durable(partial(self._wait_on, callback))

    async def close(self) -> None:
        """Write what is left and close the file.

        Raises:
            sqlite3.Error: the rest could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.durable(partial(_settle, done))
        try:
            await done
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the file, whatever is written."""
        if self._committer is not None:
            self._committer.stop()
        self._held.close()

    def _each(self, query: str, values: Row = ()) -> Iterator[Row]:
        if self._path is None and (self._queue or self._events):
            self._commit(self._take_batch().queue)
        return super()._each(query, values)

    def _wait_on(self, callback: Callable[[], None], error: BaseException | None) -> None:
        if error is None:
            callback()
        else:
            self._waiting.append(partial(self._wait_on, callback))

    def _write(self, statement: str, row: Row) -> None:
        self._queue.append((statement, row))
        self._wrote()

    def _wrote(self) -> None:
        self.written += 1
        if self._committer is not None and not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._gather, self._committer, 0, _ROUNDS)

    def _gather(self, committer: Committer[Queue], written: int, rounds: int) -> None:
        """Commit as soon as a round of the loop brings no request more to share the commit."""
        if self.written > written and rounds:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._gather, committer, self.written, rounds - 1)
        else:
            self._commit_there(committer)

    def _take_batch(self) -> _Batch:
        """All that was written, and who waits for it."""
        batch = _Batch(self._queue, self._waiting, self.written)
        for number, (first, events) in self._events.items():
            batch.queue.extend((_ADD_EVENTS, row) for row in event_rows(number, first, events))
        self._queue, self._waiting, self._events = [], [], {}
        return batch

    def _commit_here(self) -> None:
        batch = self._take_batch()
        error: BaseException | None = None
        try:
            self._commit(batch.queue)
        except sqlite3.Error as raised:
            error = raised
            self._queue = batch.queue + self._queue
        else:
            self.on_disk = batch.written
        self.writing.failure = None if error is None else str(error)
        for callback in batch.waiting:
            callback(error)

    def _commit_there(self, committer: Committer[Queue]) -> None:
        batch = self._take_batch()
        committer.commit(batch.queue, partial(self._committed, committer, batch))

    def _committed(
        self, committer: Committer[Queue], batch: _Batch, error: BaseException | None
    ) -> None:
        waiting = batch.waiting
        self.writing.failure = None if error is None else str(error)
        if error is not None:
            log.error("The data file cannot be written, trying again: %s", error)
            self._queue = batch.queue + self._queue
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._commit_there, committer)
        else:
            self.on_disk = batch.written
            if self.on_disk == self.written:
                waiting += self._waiting
                self._waiting = []
        # Before the next commit, which may be over when it returns.
        for callback in waiting:
            callback(error)
        if error is None and self.on_disk < self.written:
            self._commit_there(committer)
        elif error is None:
            self._busy = False

    def _commit(self, queue: Queue) -> None:
        begun = time.perf_counter()
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in itertools.groupby(queue, itemgetter(0)):
                self._writer.executemany(statement, [row for _, row in rows])
            self._writer.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled it back already.
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        self.writing.commits += 1
        self.writing.commit_seconds += time.perf_counter() - begun


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
