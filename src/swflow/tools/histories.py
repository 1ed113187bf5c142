"""Stored histories, as the AWS CLI, the SDKs and `localswf export` write them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from swflow.errors import SwflowError
from swflow.execution.history import Event, attributes

_MEMBERS = {"eventId", "eventType", "eventTimestamp"}


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """One execution's history out of a file.

    Attributes:
        place: where it was found, for people.
        events: its events.
        workflow_id: whose it is; empty if that is not told.
        run_id: likewise.
        domain: likewise.
    """

    place: str
    events: list[Event]
    workflow_id: str = ""
    run_id: str = ""
    domain: str = ""

    @property
    def type(self) -> tuple[str, str]:
        """The name and the version of its workflow type."""
        kind = attributes(self.events[0])["workflowType"]
        return kind["name"], kind["version"]


def read_histories(path: Path) -> Iterator[StoredHistory]:
    """The histories in a file.

    A history is a list of events, or an object with a list of `events`, as
    GetWorkflowExecutionHistory answers; `execution` and `domain` beside them say whose it is. A
    file holds one of them, a list of them, or one in each line. Times are numbers or ISO 8601.

    Raises:
        SwflowError: there is something else in it, or it cannot be read.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SwflowError(f"{path} cannot be read: {error}") from error
    try:
        document = json.loads(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines or not _is_json(lines[0]):
            raise SwflowError(f"{path} is not JSON: {error}") from None
        for number, line in enumerate(lines, start=1):
            yield _history(f"{path}, line {number}", _line(path, number, line))
        return
    if isinstance(document, list) and not _is_events(document):
        for number, part in enumerate(document, start=1):
            yield _history(f"{path}, history {number}", part)
    else:
        yield _history(str(path), document)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise SwflowError(f"{path}, line {number}, is not JSON: {error}") from None


def _history(place: str, found: Any) -> StoredHistory:
    events = found.get("events") if isinstance(found, dict) else found
    if not isinstance(events, list) or not _is_events(events):
        raise SwflowError(f"{place} is no history: no list of events is there")
    for event in events:
        _read_time(place, event)
    named: dict[str, str] = {}
    match found:
        case {"execution": {"workflowId": str(workflow_id), "runId": str(run_id)}}:
            named |= {"workflow_id": workflow_id, "run_id": run_id}
    match found:
        case {"domain": str(domain)}:
            named["domain"] = domain
    history = StoredHistory(place, events, **named)
    try:
        _ = history.type
    except (KeyError, TypeError):
        raise SwflowError(
            f"{place} is no whole history: it does not begin with WorkflowExecutionStarted"
        ) from None
    return history


def _is_events(found: list[Any]) -> bool:
    return bool(found) and all(isinstance(each, dict) and each.keys() >= _MEMBERS for each in found)


def _read_time(place: str, event: dict[str, Any]) -> None:
    """Make a time in ISO 8601 a number."""
    at = event["eventTimestamp"]
    if isinstance(at, str):
        try:
            event["eventTimestamp"] = datetime.fromisoformat(at).timestamp()
        except ValueError as error:
            raise SwflowError(f"{place}, event {event['eventId']}: {error}") from None
