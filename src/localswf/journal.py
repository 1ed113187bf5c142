"""What happened, on disk: append-only histories with group commit.

What is written goes into one queue and is committed in that order, so whatever is on disk is a
prefix of what happened. `durable` calls back once everything written before it is on disk; while
one commit is being synced the next one gathers.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from localswf.datafile import DataFileError, FileLock, connect, prepare
from localswf.events import compact_json
from localswf.status import Writing
from localswf.window import Window

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0

# In place of the time at which an execution closed: one whose events are partly gone already, and
# one of which nothing is left but its number, which must not be given again.
_SHORTENED = -1
_NUMBER_ONLY = -2
_WHOLE = "coalesce(closed_at, 0) >= 0"

Durable = Callable[[BaseException | None], None]
"""Told that what was written is on disk, or what kept it from there."""

Row = tuple[Any, ...]


class StoredExecution(NamedTuple):
    """An execution as the file knows it. `number` is the file's own id of it."""

    number: int
    domain: str
    workflow_id: str
    run_id: str


class Heartbeat(NamedTuple):
    """The last heartbeat of an activity task; the timestamp is in milliseconds."""

    scheduled_id: int
    timestamp: int
    details: str | None


class Journal:
    """An open data file."""

    def __init__(self, path: Path | None, *, grouped: bool) -> None:
        """Open a data file; one that is not there is made.

        Args:
            path: the file; None for one in memory.
            grouped: commit in a thread, for many requests at a time, which takes a running event
                loop; else in the caller's thread, at once.

        Raises:
            DataFileError: the file is in use, damaged, or not ours.
        """
        path = self._path = None if path is None else path.resolve()
        with contextlib.ExitStack() as held:
            if path is not None:
                held.callback(FileLock(path).release)
            self._writer = self._reader = held.enter_context(contextlib.closing(connect(path)))
            prepare(self._writer, path)
            if path is not None:
                self._reader = held.enter_context(contextlib.closing(connect(path)))
            self.secret: bytes = self._value("SELECT value FROM secret")
            self._held = held.pop_all()
        self._committer = ThreadPoolExecutor(1, "journal") if grouped else None
        self._queue: list[tuple[str, Row]] = []
        self._waiting: list[Durable] = []
        self._busy = False
        self.writing = Writing()

    @property
    def queued(self) -> int:
        """How many rows wait to be committed."""
        return len(self._queue)

    def file_sizes(self) -> dict[str, int]:
        """The sizes in bytes of the data file and of its write-ahead log; none in memory."""
        if self._path is None:
            return {}
        log_path = self._path.with_name(f"{self._path.name}-wal")
        parts = {"data": self._path, "wal": log_path}
        return {part: path.stat().st_size for part, path in parts.items() if path.exists()}

    # Reading.

    def domains(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and record of every domain.

        Raises:
            DataFileError: one of them is damaged.
        """
        rows = self._rows("SELECT name, record, checksum FROM domains")
        for name, record, checksum in rows:
            if not _is_whole(record, checksum, (name,)):
                raise _damaged(f"domain {name}")
        return [(name, json.loads(record)) for name, record, _ in rows]

    def types(self) -> list[tuple[str, str, str, str, dict[str, Any]]]:
        """Domain, kind, name, version and record of every type.

        Raises:
            DataFileError: one of them is damaged.
        """
        rows = self._rows("SELECT domain, kind, name, version, record, checksum FROM types")
        for *key, record, checksum in rows:
            if not _is_whole(record, checksum, tuple(key)):
                raise _damaged(f"type {key[2]} of domain {key[0]}")
        return [(*key, json.loads(record)) for *key, record, _ in rows]

    def last_number(self) -> int:
        """The highest number of an execution; 0 if there is none."""
        number: int = self._value("SELECT coalesce(max(number), 0) FROM executions")
        return number

    def numbers(self) -> list[int]:
        """The number of every execution, open or closed, that can be read."""
        rows = self._rows(f"SELECT number FROM executions WHERE {_WHOLE}")  # noqa: S608 - this module's own text
        return [number for (number,) in rows]

    def open_executions(self) -> list[StoredExecution]:
        """Every execution that is not closed, in the order in which they started."""
        return self._executions("closed_at IS NULL ORDER BY number", ())

    def execution_by_run(self, run_id: str) -> StoredExecution | None:
        """The execution with this runId."""
        return next(iter(self._executions(f"run_id = ? AND {_WHOLE}", (run_id,))), None)

    def execution(self, number: int) -> StoredExecution | None:
        """The execution with this number."""
        return next(iter(self._executions(f"number = ? AND {_WHOLE}", (number,))), None)

    def first_closed(self, domain: str) -> int | None:
        """When the first of a domain's closed executions was closed; None if there is none."""
        closed_at: int | None = self._value(
            "SELECT min(closed_at) FROM executions WHERE domain = ? AND closed_at >= ?",
            (domain, _SHORTENED),
        )
        return closed_at

    def expired(self, domain: str, closed_until: int, most: int) -> list[tuple[int, int]]:
        """Number and count of events of executions closed at this time or earlier.

        The first closed come first, and no more than `most`.
        """
        return self._rows(
            "SELECT number, (SELECT coalesce(max(id), 0) FROM events WHERE execution = number) "
            "FROM executions WHERE domain = ? AND closed_at BETWEEN ? AND ? "
            "ORDER BY closed_at, number LIMIT ?",
            (domain, _SHORTENED, max(closed_until, _SHORTENED), most),
        )

    def closed_executions(
        self, domain: str, order: str, window: Window, closed_after: int, workflow_id: str | None
    ) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Time, number and record of a domain's closed executions.

        Args:
            domain: the domain's name.
            order: "started_at" or "closed_at": the time in question.
            window: which of them, and in which order.
            closed_after: only those that were closed later than this.
            workflow_id: only those with this workflowId, if given.
        """
        direction, beyond = ("ASC", ">") if window.ascending else ("DESC", "<")
        rows = self._reader.execute(
            f"SELECT {order}, number, info FROM executions "  # noqa: S608 - names of columns
            "WHERE domain = ? AND closed_at > ? AND workflow_id = coalesce(?, workflow_id) "
            f"AND {order} BETWEEN ? AND ? AND ({order}, number) {beyond} (?, ?) "
            f"ORDER BY {order} {direction}, number {direction}",
            (
                domain,
                max(closed_after, _SHORTENED),
                workflow_id,
                window.oldest,
                window.latest,
                *window.position,
            ),
        )
        return ((time, number, json.loads(info)) for time, number, info in rows)

    def events(self, number: int) -> list[str]:
        """The JSON of an execution's events, from the first.

        Raises:
            DataFileError: one of them is damaged.
        """
        rows = self._rows(
            "SELECT id, event, checksum FROM events WHERE execution = ? ORDER BY id", (number,)
        )
        for event_id, event, checksum in rows:
            if not _is_whole(event, checksum, (number, event_id)):
                raise _damaged(f"event {event_id} of execution number {number}")
        return [event for _, event, _ in rows]

    def heartbeats(self, number: int) -> list[Heartbeat]:
        """The last heartbeat of each of an execution's activity tasks that had one.

        Raises:
            DataFileError: one of them is damaged.
        """
        rows = self._rows(
            "SELECT scheduled_id, timestamp, details, checksum FROM heartbeats WHERE execution = ?",
            (number,),
        )
        for task, timestamp, details, checksum in rows:
            if not _is_whole(details, checksum, (number, task, timestamp)):
                raise _damaged(f"a heartbeat of execution number {number}")
        return [Heartbeat(task, timestamp, json.loads(text)) for task, timestamp, text, _ in rows]

    # Writing.

    def set_domain(self, name: str, record: dict[str, Any]) -> None:
        """Write down a domain in place of what it was."""
        text = compact_json(record)
        row = (name, text, _checksum(text, (name,)))
        self._write("INSERT OR REPLACE INTO domains VALUES (?, ?, ?)", row)

    def set_type(
        self, domain: str, kind: str, name: str, version: str, record: dict[str, Any]
    ) -> None:
        """Write down a type in place of what it was."""
        key, text = (domain, kind, name, version), compact_json(record)
        row = (*key, text, _checksum(text, key))
        self._write("INSERT OR REPLACE INTO types VALUES (?, ?, ?, ?, ?, ?)", row)

    def delete_type(self, domain: str, kind: str, name: str, version: str) -> None:
        """Write down that a type is no more."""
        key = (domain, kind, name, version)
        self._write("DELETE FROM types WHERE (domain, kind, name, version) = (?, ?, ?, ?)", key)

    def add_execution(self, execution: StoredExecution, started_at: int) -> None:
        """Write down a new execution."""
        row = (*execution, started_at)
        self._write("INSERT INTO executions VALUES (?, ?, ?, ?, ?, NULL, NULL)", row)

    def add_events(self, number: int, first: int, events: Sequence[str]) -> None:
        """Write down the JSON of an execution's next events; `first` is the first one's id."""
        self.writing.events += len(events)
        for event_id, event in enumerate(events, start=first):
            row = (number, event_id, event, _checksum(event, (number, event_id)))
            self._write("INSERT INTO events VALUES (?, ?, ?, ?)", row)

    def set_heartbeat(self, number: int, heartbeat: Heartbeat) -> None:
        """Write down an activity task's heartbeat in place of its last one."""
        scheduled_id, timestamp, details = heartbeat
        key, text = (number, scheduled_id, timestamp), compact_json(details)
        row = (*key, text, _checksum(text, key))
        self._write("INSERT OR REPLACE INTO heartbeats VALUES (?, ?, ?, ?, ?)", row)

    def close_execution(self, number: int, closed_at: int, info: dict[str, Any]) -> None:
        """Write down that an execution is closed, and what lists of executions tell of it."""
        row = (closed_at, compact_json(info), number)
        self._write("UPDATE executions SET closed_at = ?, info = ? WHERE number = ?", row)
        self._write("DELETE FROM heartbeats WHERE execution = ?", (number,))

    def shorten_execution(self, number: int, last: int) -> None:
        """Take the events after `last` from a closed execution, which nobody can find any more."""
        hide = "UPDATE executions SET closed_at = ?, info = NULL WHERE number = ?"
        self._write(hide, (_SHORTENED, number))
        self._write("DELETE FROM events WHERE execution = ? AND id > ?", (number, last))

    def forget_executions(self, numbers: Sequence[int]) -> None:
        """Take closed executions from the file. Their numbers are not given again."""
        # The highest number stays, so that the next one is known after a restart.
        unless_last = "number < (SELECT max(number) FROM executions)"
        old = f"DELETE FROM executions WHERE closed_at = ? AND {unless_last}"  # noqa: S608 - this module's own text
        one = f"DELETE FROM executions WHERE number = ? AND {unless_last}"  # noqa: S608 - this module's own text
        last = "UPDATE executions SET closed_at = ?, info = NULL WHERE number = ?"
        for number in numbers:
            self._write("DELETE FROM events WHERE execution = ?", (number,))
        for number in numbers:
            self._write(one, (number,))
        for number in numbers:
            self._write(last, (_NUMBER_ONLY, number))
        if numbers:
            self._write(old, (_NUMBER_ONLY,))

    def durable(self, callback: Durable) -> None:
        """Call back when all that was written is on disk, which may be at once.

        What could not be written is kept and tried again, in order, before anything later.
        """
        if not self._queue and not self._busy:
            callback(None)
            return
        self._waiting.append(callback)
        if self._committer is None:
            self._commit_here()

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
            self._committer.shutdown()
        self._held.close()

    def _write(self, statement: str, row: Row) -> None:
        self._queue.append((statement, row))
        if self._committer is not None and not self._busy:
            # Not at once: all requests of this round of the loop share the commit.
            self._busy = True
            asyncio.get_running_loop().call_soon(self._commit_there)

    def _commit_here(self) -> None:
        queue, self._queue = self._queue, []
        waiting, self._waiting = self._waiting, []
        error: BaseException | None = None
        try:
            self._commit(queue)
        except sqlite3.Error as raised:
            error = raised
            self._queue = queue + self._queue
        self.writing.failure = None if error is None else str(error)
        for callback in waiting:
            callback(error)

    def _commit_there(self) -> None:
        queue, self._queue = self._queue, []
        waiting, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        commit = loop.run_in_executor(self._committer, self._commit, queue)
        commit.add_done_callback(partial(self._committed, queue, waiting))

    def _committed(
        self,
        queue: list[tuple[str, Row]],
        waiting: list[Durable],
        commit: asyncio.Future[None],
    ) -> None:
        error = commit.exception()
        self.writing.failure = None if error is None else str(error)
        if error is not None:
            log.error("The data file cannot be written, trying again: %s", error)
            self._queue = queue + self._queue
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._commit_there)
        elif self._queue:
            self._commit_there()
        else:
            self._busy = False
            waiting += self._waiting
            self._waiting = []
        for callback in waiting:
            callback(error)

    def _commit(self, queue: list[tuple[str, Row]]) -> None:
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

    def _executions(self, condition: str, values: Row) -> list[StoredExecution]:
        rows = self._rows(
            f"SELECT number, domain, workflow_id, run_id FROM executions WHERE {condition}",  # noqa: S608 - the condition is this module's own text
            values,
        )
        return list(itertools.starmap(StoredExecution, rows))

    def _value(self, query: str, values: Row = ()) -> Any:
        return self._rows(query, values)[0][0]

    def _rows(self, query: str, values: Row = ()) -> list[Any]:
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise DataFileError(
                f"The data file cannot be read ({error}); restore it from a copy."
            ) from error


def _checksum(text: str, key: Row) -> int:
    """The CRC-32 of a text and what it is stored under."""
    return zlib.crc32(f"{key}{text}".encode())


def _is_whole(text: Any, checksum: int, key: Row) -> bool:
    """Whether a text and what it is stored under are as they were written."""
    # A changed byte can make a number or a blob of a text.
    return isinstance(text, str) and _checksum(text, key) == checksum


def _damaged(what: str) -> DataFileError:
    return DataFileError(f"The data file is damaged ({what} has changed); restore it from a copy.")


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
