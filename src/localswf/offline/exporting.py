"""Takes histories out of a data file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localswf.offline.history_files import write_history
from localswf.store.datafile import require
from localswf.store.journal import Journal
from localswf.store.records import StoredExecution


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which executions; None for any.

    Attributes:
        domain: those of this domain.
        workflow_id: those with this workflowId.
        closed: those that are closed, or those that are not.
    """

    domain: str | None = None
    workflow_id: str | None = None
    closed: bool | None = None

    def matches(self, execution: StoredExecution) -> bool:
        """Whether an execution is one of them."""
        return (
            self.domain in {None, execution.domain}
            and self.workflow_id in {None, execution.workflow_id}
            and self.closed in {None, execution.closed_at is not None}
        )


def export_histories(path: Path, wanted: Wanted) -> Iterator[str]:
    """The histories in a data file that no server has open, each as a line of JSON.

    They come in the order in which the executions were started.

    Raises:
        DataFileError: the file is missing, in use, damaged, or not ours.
    """
    require(path)
    journal = Journal(path, grouped=False)
    try:
        for execution in journal.executions():
            if wanted.matches(execution):
                events = journal.all_events(execution.number)
                yield write_history(execution.domain, execution.reference, events)
    finally:
        journal.release()
