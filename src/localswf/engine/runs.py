"""The executions: the open ones in memory, all of them in the journal."""

import base64
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from localswf.core.describe import describe, execution_info
from localswf.core.events import Event, compact_json
from localswf.core.execution import Execution
from localswf.engine.task_lists import Task
from localswf.store.datafile import DataFileError
from localswf.store.history import History, RecentEvents
from localswf.store.journal import Journal
from localswf.store.records import Heartbeat, StoredExecution

_CANCEL_REQUESTED = "WorkflowExecutionCancelRequested"


@dataclass(slots=True, eq=False)
class Run:
    """An execution with its history.

    Attributes:
        number: the data file's id of it.
        execution: its state.
        history: its events in JSON.
        waiting: its tasks that wait in task lists, by the id of the event that scheduled them.
    """

    number: int
    execution: Execution
    history: History
    waiting: dict[int, Task] = field(default_factory=dict)


class Runs:
    """Every execution. A closed one leaves memory as soon as its end is on disk."""

    def __init__(self, journal: Journal) -> None:
        """Rebuild the open executions.

        Raises:
            DataFileError: a history on disk cannot be true.
        """
        self._journal = journal
        self._last_number = journal.last_number()
        self._recent = RecentEvents(journal)
        self._by_run_id: dict[str, Run] = {}
        self._by_number: dict[int, Run] = {}
        self._open: dict[tuple[str, str], Run] = {}
        self._open_in: Counter[str] = Counter()
        self._closed: list[Run] = []
        heartbeats = journal.heartbeats()
        for stored, events in journal.open_histories():
            execution = rebuild(stored, events, heartbeats.get(stored.number, ()))
            history = History(journal, stored.number, len(events))
            self._hold(Run(stored.number, execution, history))

    def all_open(self) -> Iterator[Run]:
        """Every open execution, in the order in which they started."""
        return iter(self._open.values())

    def count_open(self) -> int:
        """How many executions are open."""
        return len(self._open)

    def count_open_in(self, domain: str) -> int:
        """How many executions of a domain are open."""
        return self._open_in[domain]

    def open_run(self, domain: str, workflow_id: str) -> Run | None:
        """The open execution with this workflowId."""
        return self._open.get((domain, workflow_id))

    def is_open(self, run_id: str) -> bool:
        """Whether an execution with this runId is open."""
        run = self._by_run_id.get(run_id)
        return run is not None and not run.execution.closed

    def by_number(self, number: int) -> Run | StoredExecution | None:
        """The execution with this number; a Run for one that is open.

        Raises:
            DataFileError: it is closed, and damaged on disk.
        """
        return self._by_number.get(number) or self._journal.execution(number)

    def by_run_id(self, run_id: str) -> Run | StoredExecution | None:
        """The execution with this runId; a Run for one that is open.

        Raises:
            DataFileError: it is closed, and damaged on disk.
        """
        run = self._by_run_id.get(run_id)
        # Those that SWF gives are ASCII; SQLite takes no string with half a surrogate pair.
        if run is None and run_id.isascii():
            return self._journal.execution_by_run(run_id)
        return run

    def history(self, found: Run | StoredExecution) -> History:
        """The history of an execution.

        Raises:
            DataFileError: it is damaged on disk.
        """
        if isinstance(found, Run):
            return found.history
        return History(self._journal, found.number, self._journal.last_event_id(found.number))

    def description(self, found: Run | StoredExecution) -> dict[str, Any]:
        """The WorkflowExecutionDetail of an execution, as on the wire.

        Raises:
            DataFileError: it is damaged on disk.
        """
        if isinstance(found, Run):
            return describe(found.execution)
        return self._journal.description(found.number)

    def add(self, execution: Execution) -> Run:
        """Take in a new execution; its first events are to be recorded next."""
        self._last_number += 1
        run = Run(self._last_number, execution, History(self._journal, self._last_number))
        self._hold(run)
        self._journal.add_execution(
            stored_execution(run.number, execution), execution.started.get("tagList", ())
        )
        return run

    def record(self, run: Run, events: Sequence[Event]) -> None:
        """Write down what happened to an execution."""
        execution = run.execution
        self._recent.append(run.history, [event.to_json() for event in events])
        if execution.closed:
            closed = stored_execution(run.number, execution)
            self._journal.close_execution(closed, describe(execution))
            del self._open[execution.domain, execution.workflow_id]
            self._open_in[execution.domain] -= 1
            self._closed.append(run)
        elif _CANCEL_REQUESTED in [event.type for event in events]:
            self._journal.set_execution(stored_execution(run.number, execution))

    def release_closed(self) -> list[Run]:
        """Let those that closed leave memory, once all that follows from it is written down.

        Returns:
            Those that closed.
        """
        closed, self._closed = self._closed, []
        for run in closed:
            self._journal.durable(partial(self._release, run))
        return closed

    def record_heartbeat(self, run: Run, heartbeat: Heartbeat) -> None:
        """Write down that an activity's worker is alive."""
        self._journal.set_heartbeat(run.number, heartbeat)

    def _hold(self, run: Run) -> None:
        execution = run.execution
        self._by_run_id[execution.run_id] = run
        self._by_number[run.number] = run
        self._open[execution.domain, execution.workflow_id] = run
        self._open_in[execution.domain] += 1

    def _release(self, run: Run, error: BaseException | None) -> None:
        # What could not be written yet has to stay where it can be read.
        if error is None:
            del self._by_run_id[run.execution.run_id]
            del self._by_number[run.number]
            self._recent.forget(run.history)


def rebuild(
    stored: StoredExecution, events: Iterable[str], heartbeats: Iterable[Heartbeat] = ()
) -> Execution:
    """An execution as its history makes it.

    Raises:
        DataFileError: the history cannot be true.
    """
    execution = Execution(stored.domain, stored.workflow_id, stored.run_id)
    try:
        for event in events:
            execution.apply(Event.from_json(event))
    except (ValueError, KeyError) as error:
        raise DataFileError(
            f"The history of execution {stored.run_id} of workflow {stored.workflow_id} is "
            f"damaged ({error}); restore the data file from a copy."
        ) from error
    for heartbeat in heartbeats:
        activity = execution.activities.get(heartbeat.scheduled_id)
        if activity is not None:
            execution.heartbeat(activity, heartbeat.details, heartbeat.timestamp)
    return execution


def stored_execution(number: int, execution: Execution) -> StoredExecution:
    """An execution as lists of executions are to see it."""
    workflow_type = execution.workflow_type
    return StoredExecution(
        number,
        execution.domain,
        execution.workflow_id,
        execution.run_id,
        workflow_type["name"],
        workflow_type["version"],
        execution.started_at,
        execution.closed_at if execution.closed else None,
        execution.close_status,
        compact_json(execution_info(execution)),
    )


def new_run_id() -> str:
    """A runId that no execution has had."""
    return f"22{base64.b64encode(secrets.token_bytes(32)).decode()}"
