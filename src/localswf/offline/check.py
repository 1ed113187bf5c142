"""Reads a data file from end to end, for those who want to know whether it is whole."""

from pathlib import Path

from localswf.core.describe import describe
from localswf.engine.runs import rebuild, stored_execution
from localswf.store.datafile import DataFileError, require
from localswf.store.journal import Journal
from localswf.store.records import Heartbeat, StoredExecution


def check(path: Path) -> tuple[int, int]:
    """Hold every history of a data file that no server has open against the rules.

    Returns:
        How many executions there are, and how many of them are open.

    Raises:
        DataFileError: the file is missing, in use, damaged, or not ours.
    """
    require(path)
    journal = Journal(path, grouped=False)
    try:
        journal.check_indexes()
        journal.domains()
        journal.types()
        heartbeats = journal.heartbeats()
        total = still_open = 0
        for execution in journal.executions():
            _check_execution(journal, execution, heartbeats.get(execution.number, []))
            total += 1
            still_open += execution.closed_at is None
        return total, still_open
    finally:
        journal.release()


def _check_execution(
    journal: Journal, stored: StoredExecution, heartbeats: list[Heartbeat]
) -> None:
    execution = rebuild(stored, journal.all_events(stored.number), heartbeats)
    tags = sorted(set(execution.started.get("tagList", ())))
    told = stored_execution(stored.number, execution) if execution.started else None
    agrees = told == stored and tags == journal.tags(stored.number)
    if agrees and execution.closed:
        agrees = describe(execution) == journal.description(stored.number)
    if not agrees:
        raise DataFileError(
            f"The history of execution {stored.run_id} of workflow {stored.workflow_id} does not "
            "end as the file says; restore the data file from a copy."
        )
