"""The executions: the open ones in memory, all of them in the journal."""

import base64
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from localswf.datafile import DataFileError
from localswf.describe import execution_info
from localswf.events import Event
from localswf.execution import Execution
from localswf.journal import Heartbeat, Journal, StoredExecution
from localswf.task_lists import Task

_RECENT = 16


@dataclass(slots=True, eq=False)
class Run:
    """An execution with its history.

    Attributes:
        number: the data file's id of it.
        execution: its state.
        history: its events in JSON, from the first.
        waiting: its tasks that wait in task lists, by the id of the event that scheduled them.
    """

    number: int
    execution: Execution
    history: list[str] = field(default_factory=list)
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
        self._by_run_id: dict[str, Run] = {}
        self._by_number: dict[int, Run] = {}
        self._open: dict[tuple[str, str], Run] = {}
        self._open_in: Counter[str] = Counter()
        self._recent: dict[int, Run] = {}
        self._closed: list[Run] = []
        for stored in journal.open_executions():
            self._hold(self._rebuild(stored))

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

    def by_number(self, number: int) -> Run | None:
        """The execution with this number, open or closed."""
        run = self._by_number.get(number)
        if run is None:
            run = self._read(self._journal.execution(number))
        return run

    def by_run_id(self, run_id: str) -> Run | None:
        """The execution with this runId, open or closed."""
        run = self._by_run_id.get(run_id)
        # Those that SWF gives are ASCII; SQLite takes no string with half a surrogate pair.
        if run is None and run_id.isascii():
            run = self._read(self._journal.execution_by_run(run_id))
        return run

    def add(self, execution: Execution) -> Run:
        """Take in a new execution; its first events are to be recorded next."""
        self._last_number += 1
        run = Run(self._last_number, execution)
        self._hold(run)
        stored = (execution.domain, execution.workflow_id, execution.run_id)
        self._journal.add_execution(StoredExecution(run.number, *stored), execution.started_at)
        return run

    def record(self, run: Run, events: Sequence[Event]) -> None:
        """Write down what happened to an execution."""
        lines = [event.to_json() for event in events]
        self._journal.add_events(run.number, len(run.history) + 1, lines)
        run.history += lines
        if run.execution.closed:
            execution = run.execution
            self._journal.close_execution(
                run.number, execution.closed_at, execution_info(execution)
            )
            del self._open[execution.domain, execution.workflow_id]
            self._open_in[execution.domain] -= 1
            self._closed.append(run)

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

    def _read(self, stored: StoredExecution | None) -> Run | None:
        """A closed execution from disk. A few are kept, for those who read page by page."""
        if stored is None:
            return None
        run = self._recent.pop(stored.number, None) or self._rebuild(stored)
        self._recent[stored.number] = run
        if len(self._recent) > _RECENT:
            del self._recent[next(iter(self._recent))]
        return run

    def _rebuild(self, stored: StoredExecution) -> Run:
        execution = Execution(stored.domain, stored.workflow_id, stored.run_id)
        history = self._journal.events(stored.number)
        try:
            for line in history:
                execution.apply(Event.from_json(line))
        except (ValueError, KeyError) as error:
            raise DataFileError(
                f"The history of execution {stored.run_id} of workflow {stored.workflow_id} is "
                f"damaged ({error}); restore the data file from a copy."
            ) from error
        for heartbeat in self._journal.heartbeats(stored.number):
            activity = execution.activities.get(heartbeat.scheduled_id)
            if activity is not None:
                execution.heartbeat(activity, heartbeat.details, heartbeat.timestamp)
        return Run(stored.number, execution, history)


def new_run_id() -> str:
    """A runId that no execution has had."""
    return f"22{base64.b64encode(secrets.token_bytes(32)).decode()}"
