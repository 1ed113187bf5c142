"""What can be read from a data file. Nothing is believed that is not as it was written."""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from localswf.store.datafile import DataFileError
from localswf.store.listing import Listing
from localswf.store.records import (
    Heartbeat,
    Row,
    StoredExecution,
    damaged,
    events_in_rows,
    is_whole,
)

# In place of the time at which an execution closed: one whose events are partly gone already, and
# one of which nothing is left but its number, which must not be given again.
SHORTENED = -1
NUMBER_ONLY = -2

_EXECUTION = f"SELECT {', '.join(StoredExecution._fields)}, checksum FROM executions"  # noqa: S608 - the names of its columns
_WHOLE = "coalesce(closed_at, 0) >= 0"


class Reader:
    """The reading half of a journal. What is read is what is on disk.

    Every method raises DataFileError if what it would read is damaged.
    """

    _reader: sqlite3.Connection

    def domains(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and record of every domain."""
        rows = self._rows("SELECT name, record, checksum FROM domains")
        for name, record, checksum in rows:
            if not is_whole(record, checksum, (name,)):
                raise damaged(f"domain {name}")
        return [(name, json.loads(record)) for name, record, _ in rows]

    def types(self) -> list[tuple[str, str, str, str, dict[str, Any]]]:
        """Domain, kind, name, version and record of every type."""
        rows = self._rows("SELECT domain, kind, name, version, record, checksum FROM types")
        for *key, record, checksum in rows:
            if not is_whole(record, checksum, tuple(key)):
                raise damaged(f"type {key[2]} of domain {key[0]}")
        return [(*key, json.loads(record)) for *key, record, _ in rows]

    # Executions.

    def last_number(self) -> int:
        """The highest number of an execution; 0 if there is none."""
        number: int = self._value("SELECT coalesce(max(number), 0) FROM executions")
        return number

    def executions(self) -> Iterator[StoredExecution]:
        """Every execution, open or closed, in the order in which they started."""
        query = f"{_EXECUTION} WHERE {_WHOLE} ORDER BY number"
        return map(_checked, self._each(query))

    def execution_by_run(self, run_id: str) -> StoredExecution | None:
        """The execution with this runId."""
        rows = self._rows(f"{_EXECUTION} WHERE run_id = ? AND {_WHOLE}", (run_id,))
        return next(map(_checked, rows), None)

    def execution(self, number: int) -> StoredExecution | None:
        """The execution with this number."""
        rows = self._rows(f"{_EXECUTION} WHERE number = ? AND {_WHOLE}", (number,))
        return next(map(_checked, rows), None)

    def description(self, number: int) -> dict[str, Any]:
        """What describing a closed execution tells."""
        query = "SELECT description, checksum FROM descriptions WHERE execution = ?"
        for description, checksum in self._rows(query, (number,)):
            if is_whole(description, checksum, (number,)):
                found: dict[str, Any] = json.loads(description)
                return found
        raise damaged(f"the description of execution number {number}")

    def tags(self, number: int) -> list[str]:
        """The tags by which an execution is listed."""
        rows = self._rows("SELECT tag FROM tags WHERE number = ? ORDER BY tag", (number,))
        return [tag for (tag,) in rows]

    def check_indexes(self) -> None:
        """Make sure that every index has what its table has."""
        for (findings,) in self._rows("PRAGMA integrity_check(1)"):
            finding = findings.splitlines()[-1]
            if finding != "ok":
                raise DataFileError(
                    f"The data file is damaged ({finding}); restore it from a copy."
                )

    # Lists of executions.

    def listed(self, listing: Listing, most: int) -> list[StoredExecution]:
        """The next executions of a list, no more than `most`."""
        return list(map(_checked, self._rows(*listing.page(most))))

    def count(self, listing: Listing, most: int) -> int:
        """How many executions a list has, as far as they are no more than `most`."""
        count: int = self._value(*listing.count(most))
        return count

    def first_closed(self, domain: str) -> int | None:
        """When the first of a domain's closed executions was closed; None if there is none."""
        closed_at: int | None = self._value(
            "SELECT min(closed_at) FROM executions WHERE domain = ? AND closed_at >= ?",
            (domain, SHORTENED),
        )
        return closed_at

    def expired(self, domain: str, closed_until: int, most: int) -> list[tuple[int, int]]:
        """Number and count of events of executions closed at this time or earlier.

        The first closed come first, and no more than `most`.
        """
        return self._rows(
            "SELECT number, "
            "(SELECT coalesce(max(last_id), 0) FROM events WHERE execution = number) "
            "FROM executions WHERE domain = ? AND closed_at BETWEEN ? AND ? "
            "ORDER BY closed_at, started_at, number LIMIT ?",
            (domain, SHORTENED, max(closed_until, SHORTENED), most),
        )

    # Histories.

    def open_histories(self) -> Iterator[tuple[StoredExecution, list[str]]]:
        """Every open execution in the order in which they started, and the JSON of its events."""
        executions = self._rows(f"{_EXECUTION} WHERE closed_at IS NULL ORDER BY number")
        rows = self._each(
            "SELECT execution, last_id, events, events.checksum FROM executions "
            "CROSS JOIN events ON execution = number WHERE closed_at IS NULL "
            "ORDER BY number, last_id"
        )
        by_execution = itertools.groupby(rows, itemgetter(0))
        found = next(by_execution, None)
        for execution in map(_checked, executions):
            if found is None or found[0] != execution.number:
                yield execution, []
            else:
                yield execution, events_in_rows(found[1])[1]
                found = next(by_execution, None)

    def all_events(self, number: int) -> list[str]:
        """The JSON of an execution's events."""
        return events_in_rows(
            self._rows(
                "SELECT execution, last_id, events, checksum FROM events WHERE execution = ? "
                "ORDER BY last_id",
                (number,),
            )
        )[1]

    def events(self, number: int, first: int, last: int) -> list[str]:
        """The JSON of an execution's events from the `first` to the `last`, both included."""
        rows = self._rows(
            "SELECT execution, last_id, events, checksum FROM events "
            "WHERE execution = ? AND last_id BETWEEN ? AND "
            "(SELECT min(last_id) FROM events WHERE execution = ? AND last_id >= ?) "
            "ORDER BY last_id",
            (number, first, number, last),
        )
        start, events = events_in_rows(rows)
        found = events[first - start : last - start + 1]
        if start > first or len(found) != last - first + 1:
            raise damaged(f"the history of execution number {number}")
        return found

    def last_event_id(self, number: int) -> int:
        """The id of an execution's last event."""
        event_id: int = self._value(
            "SELECT coalesce(max(last_id), 0) FROM events WHERE execution = ?", (number,)
        )
        return event_id

    def heartbeats(self) -> dict[int, list[Heartbeat]]:
        """By executions' numbers, the last heartbeat of each activity task that had one."""
        found: dict[int, list[Heartbeat]] = {}
        rows = self._rows(
            "SELECT execution, scheduled_id, timestamp, details, checksum FROM heartbeats"
        )
        for number, scheduled_id, timestamp, details, checksum in rows:
            if not is_whole(details, checksum, (number, scheduled_id, timestamp)):
                raise damaged(f"a heartbeat of execution number {number}")
            heartbeat = Heartbeat(scheduled_id, timestamp, json.loads(details))
            found.setdefault(number, []).append(heartbeat)
        return found

    def _read_secret(self) -> bytes:
        """The random bytes that only this file has; it has them twice, to be held together."""
        secret: bytes
        secret, *others = [value for (value,) in self._rows("SELECT value FROM secret")]
        if others != [secret]:
            raise damaged("the secret of its tokens")
        return secret

    def _value(self, query: str, values: Row = ()) -> Any:
        return self._rows(query, values)[0][0]

    def _rows(self, query: str, values: Row = ()) -> list[Any]:
        return list(self._each(query, values))

    def _each(self, query: str, values: Row = ()) -> Iterator[Row]:
        try:
            # Not from the cursor itself: a generator that is given up would close it, perhaps late.
            yield from iter(self._reader.execute(query, values).fetchone, None)
        except sqlite3.Error as error:
            raise DataFileError(
                f"The data file cannot be read ({error}); restore it from a copy."
            ) from error


def _checked(row: Row) -> StoredExecution:
    *columns, checksum = row
    execution = StoredExecution(*columns)
    if not is_whole(execution.info, checksum, execution[:-1]):
        raise damaged(f"execution number {execution.number}")
    return execution
