"""What the data file holds in its rows, and how a row that has changed is told."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from localswf.store.datafile import DataFileError

Row = tuple[Any, ...]

# So that a few events are read without many others.
_EVENTS_IN_A_ROW = 100


class StoredExecution(NamedTuple):
    """An execution as lists and counts of executions see it.

    Attributes:
        number: the file's own id of it.
        domain: its domain's name.
        workflow_id: unique among the domain's open executions.
        run_id: unique for ever.
        type_name: the name of its workflow type.
        type_version: the version of its workflow type.
        started_at: milliseconds since the epoch.
        closed_at: the same; None while it is open.
        close_status: SWF's CloseStatus; None while it is open.
        info: the WorkflowExecutionInfo that is told of it, in JSON.
    """

    number: int
    domain: str
    workflow_id: str
    run_id: str
    type_name: str
    type_version: str
    started_at: int
    closed_at: int | None
    close_status: str | None
    info: str

    @property
    def reference(self) -> dict[str, str]:
        """Its names, as a WorkflowExecution of the wire."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def workflow_type(self) -> dict[str, str]:
        """Its type, as a WorkflowType of the wire."""
        return {"name": self.type_name, "version": self.type_version}


class Heartbeat(NamedTuple):
    """The last heartbeat of an activity task; the timestamp is in milliseconds."""

    scheduled_id: int
    timestamp: int
    details: str | None


def event_rows(number: int, first: int, events: Sequence[str]) -> Iterator[Row]:
    """The rows of an execution's next events in JSON; `first` is the first one's id."""
    for start in range(0, len(events), _EVENTS_IN_A_ROW):
        some = events[start : start + _EVENTS_IN_A_ROW]
        key, text = (number, first + start + len(some) - 1), "\n".join(some)
        yield (*key, text, checksum(text, key))


def events_in_rows(rows: Iterable[Row]) -> tuple[int, list[str]]:
    """The first one's id and the JSON of an execution's events, out of rows that follow each other.

    Raises:
        DataFileError: a row has changed or is gone.
    """
    events: list[str] = []
    first = None
    for number, last_id, text, stored_checksum in rows:
        if not is_whole(text, stored_checksum, (number, last_id)):
            raise damaged(f"the history of execution number {number} up to event {last_id}")
        some = text.split("\n")
        if first is None:
            first = last_id - len(some) + 1
        events += some
        if first + len(events) != last_id + 1:
            raise damaged(f"the history of execution number {number} before event {last_id}")
    return first or 1, events


def checksum(text: str, key: Row) -> int:
    """The CRC-32 of a text and what it is stored under."""
    return zlib.crc32(f"{key}{text}".encode())


def is_whole(text: Any, stored_checksum: int, key: Row) -> bool:
    """Whether a text and what it is stored under are as they were written."""
    # A changed byte can make a number or a blob of a text.
    return isinstance(text, str) and checksum(text, key) == stored_checksum


def damaged(what: str) -> DataFileError:
    """The error that tells of a row that is not what was written."""
    return DataFileError(f"The data file is damaged ({what} has changed); restore it from a copy.")
