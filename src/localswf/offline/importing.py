"""Puts histories of closed executions into a data file."""

from collections.abc import Iterable
from pathlib import Path

from localswf.clock import WallClock
from localswf.core.events import Event
from localswf.core.execution import Execution
from localswf.engine.registry import Domain, Registry
from localswf.engine.runs import Runs, new_run_id
from localswf.offline.history_files import History, HistoryFileError, rebuild
from localswf.store.journal import Journal

# A domain that is made for histories is to keep them, however old they are: longer than SWF's own
# API, which ends at 90 days, lets a domain do.
_KEPT_DAYS = "36500"


def import_histories(path: Path, histories: Iterable[History], domain: str | None) -> int:
    """Put closed executions into a data file that no server has open; all of them or none.

    Events keep their ids, times and attributes. A domain that is not there is made.

    Args:
        path: the data file, made if it is not there.
        histories: what to put there.
        domain: the domain for all of them, whatever they tell; None for what they tell.

    Returns:
        How many there were.

    Raises:
        DataFileError: the file is in use, damaged, or not ours.
        HistoryFileError: one of them cannot be taken in; none is.
        sqlite3.Error: the file could not be written; nothing is.
    """
    executions = _rebuild_all(histories, domain)
    journal = Journal(path, grouped=False)
    try:
        runs = Runs(journal)
        registry = Registry(journal, WallClock())
        for place, execution, events in executions:
            if journal.execution_by_run(execution.run_id) is not None:
                raise HistoryFileError(
                    f"{place}: run {execution.run_id} of workflow {execution.workflow_id} is in "
                    f"{path} already."
                )
            _check_domain(place, registry, execution)
            runs.record(runs.add(execution), events)
        failures: list[BaseException | None] = []
        journal.durable(failures.append)
        if failures[0] is not None:
            raise failures[0]
    finally:
        journal.release()
    return len(executions)


def _rebuild_all(
    histories: Iterable[History], domain: str | None
) -> list[tuple[str, Execution, list[Event]]]:
    executions = []
    places: dict[str, str] = {}
    for history in histories:
        domain_name = domain or history.domain
        if domain_name is None:
            raise HistoryFileError(
                f"{history.place}: it does not say which domain it is of; name one by --domain."
            )
        run_id = history.run_id or new_run_id()
        if run_id in places:
            raise HistoryFileError(f"{history.place}: run {run_id} is in {places[run_id]} as well.")
        places[run_id] = history.place
        executions.append((history.place, *rebuild(history, domain_name, run_id)))
    return executions


def _check_domain(place: str, registry: Registry, execution: Execution) -> None:
    name = execution.domain
    if name not in dict(registry.domains()):
        registry.set_domain(name, Domain(None, _KEPT_DAYS))
    if execution.closed_at <= registry.kept_since(name):
        raise HistoryFileError(
            f"{place}: domain {name} would forget workflow {execution.workflow_id} at once, with a "
            f"retention period of {registry.domain(name).retention} days; name another domain by "
            "--domain, which is made if it is not there."
        )
