"""Histories in files: as `localswf export` writes them, and as the AWS CLI and SDKs print them."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from localswf import errors
from localswf.core.describe import describe
from localswf.core.events import Event, attributes_member
from localswf.core.execution import Execution
from localswf.model import check_structure, operations

_LATEST = 2**48
_MEMBERS = ("eventId", "eventTimestamp", "eventType")


class HistoryFileError(Exception):
    """What is in a file is no history that can be taken in; the message says where and why."""


@dataclass(frozen=True, slots=True)
class History:
    """A history that was read and has not been held against SWF's rules.

    Attributes:
        place: where it was found, for people.
        domain: the execution's domain, if that is told.
        workflow_id: its workflowId; made from the file's name if that is not told.
        run_id: its runId, if that is told.
        events: HistoryEvents as they were found.
    """

    place: str
    domain: str | None
    workflow_id: str
    run_id: str | None
    events: list[Any]


def write_history(domain: str, reference: Mapping[str, str], events: list[str]) -> str:
    """One line of JSON for one execution; `events` are in JSON already."""
    named = json.dumps({"domain": domain, "execution": reference}, separators=(",", ":"))
    return f'{named[:-1]},"events":[{",".join(events)}]}}'


def read_histories(path: Path, text: str) -> Iterator[History]:
    """The histories in a text.

    A history is a list of events; an object with a list of `events`, as
    `aws swf get-workflow-execution-history` prints it; or such an object with `domain` and
    `execution`, as export writes it. Several come as a list of those or as JSON lines.

    Args:
        path: where the text is from.
        text: what is there.

    Raises:
        HistoryFileError: there is something else in it.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                place = f"{path}, line {number}"
                yield _history(place, f"{path.stem}-{number}", _line(place, line))
        return
    if isinstance(document, list) and not _is_event_list(document):
        for number, part in enumerate(document, start=1):
            yield _history(f"{path}, history {number}", f"{path.stem}-{number}", part)
    else:
        yield _history(str(path), path.stem, document)


def rebuild(history: History, domain: str, run_id: str) -> tuple[Execution, list[Event]]:
    """A closed execution as its history makes it, and the events.

    Raises:
        HistoryFileError: an event breaks the API's model, does not fit those before it, or the last
            one does not close the execution.
    """
    workflow_id = history.workflow_id
    try:
        operations()["DescribeDomain"].validate({"name": domain})
        check_structure("WorkflowExecution", {"workflowId": workflow_id, "runId": run_id})
    except errors.SwfError as error:
        raise HistoryFileError(f"{history.place}: {error.message}") from error
    execution = Execution(domain, workflow_id, run_id)
    events = []
    for number, found in enumerate(history.events, start=1):
        place = f"{history.place}, event {number}"
        event = _event(place, found)
        _apply(place, execution, event)
        events.append(event)
    if not execution.closed:
        raise HistoryFileError(
            f"{history.place}: workflow {workflow_id} is not closed at the end of its history, and "
            "only closed executions can be taken in."
        )
    try:
        describe(execution)
    except KeyError as error:
        raise HistoryFileError(f"{history.place}, event 1: it lacks {error}.") from error
    return execution, events


def _line(place: str, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise HistoryFileError(
            f"{place}: this is no JSON, and the file as a whole is none either."
        ) from None


def _is_event_list(document: list[Any]) -> bool:
    return bool(document) and isinstance(document[0], dict) and "eventType" in document[0]


def _history(place: str, workflow_id: str, document: Any) -> History:
    if isinstance(document, list):
        return History(place, None, workflow_id, None, document)
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise HistoryFileError(f"{place}: this is no history: there is no list of events.")
    if "nextPageToken" in document:
        raise HistoryFileError(
            f"{place}: this is one page of a history and nextPageToken leads to the next; "
            "let the AWS CLI put the pages together, or join their events."
        )
    execution = document.get("execution", {})
    if not isinstance(execution, dict):
        raise HistoryFileError(f"{place}: its execution is no object.")
    domain, run_id = document.get("domain"), execution.get("runId")
    workflow_id = execution.get("workflowId", workflow_id)
    if not all(isinstance(name, str) for name in (domain or "", run_id or "", workflow_id)):
        raise HistoryFileError(f"{place}: domain, workflowId and runId have to be strings.")
    return History(place, domain, workflow_id, run_id, document["events"])


def _event(place: str, found: Any) -> Event:
    if not isinstance(found, dict):
        raise HistoryFileError(f"{place}: this is no event.")
    timestamp = _milliseconds(place, found.get("eventTimestamp"))
    try:
        check_structure("HistoryEvent", {**found, "eventTimestamp": timestamp / 1000})
    except errors.SwfError as error:
        raise HistoryFileError(f"{place}: {error.message}") from error
    member = attributes_member(found["eventType"])
    if {*found} != {*_MEMBERS, member}:
        raise HistoryFileError(
            f"{place}: an event of type {found['eventType']} has {', '.join(_MEMBERS)} and "
            f"{member}, and this one has {', '.join(sorted(found))}."
        )
    return Event(found["eventId"], timestamp, found["eventType"], found[member])


def _milliseconds(place: str, wire: Any) -> int:
    """An event's time, in seconds or as ISO 8601 text, in milliseconds."""
    seconds = wire
    if isinstance(wire, str):
        try:
            moment = datetime.fromisoformat(wire)
        except ValueError:
            moment = None
        # Without its zone a time could be any within a day.
        seconds = moment.timestamp() if moment is not None and moment.tzinfo is not None else None
    if type(seconds) not in {int, float} or not math.isfinite(seconds):
        raise HistoryFileError(
            f"{place}: eventTimestamp {json.dumps(wire)} is neither seconds since 1970 nor an "
            "ISO 8601 time with its zone."
        )
    milliseconds: int = round(seconds * 1000)
    if not 0 <= milliseconds < _LATEST:
        raise HistoryFileError(f"{place}: eventTimestamp {wire} is out of all bounds.")
    return milliseconds


def _apply(place: str, execution: Execution, event: Event) -> None:
    if execution.closed:
        raise HistoryFileError(f"{place}: the execution is closed by the event before it.")
    if event.id == 1 and event.type != "WorkflowExecutionStarted":
        raise HistoryFileError(f"{place}: a history begins with WorkflowExecutionStarted.")
    try:
        execution.apply(event)
    except KeyError as error:
        raise HistoryFileError(
            f"{place}: it does not fit what is before it, or lacks something: {error}."
        ) from error
    except ValueError as error:
        raise HistoryFileError(f"{place}: {error}") from error
