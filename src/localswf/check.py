"""Reads a data file from end to end, for those who want to know whether it is whole."""

from pathlib import Path

from localswf.datafile import DataFileError
from localswf.journal import Journal
from localswf.runs import Runs


def check(path: Path) -> tuple[int, int]:
    """Hold every history of a data file that no server has open against the rules.

    Returns:
        How many executions there are, and how many of them are open.

    Raises:
        DataFileError: the file is missing, in use, damaged, or not ours.
    """
    if not path.exists():
        raise DataFileError(f"{path} is not there.")
    if path.is_file() and not path.stat().st_size:
        raise DataFileError(f"{path} is empty.")
    journal = Journal(path, grouped=False)
    try:
        runs = Runs(journal)
        numbers = journal.numbers()
        still_open = {run.number for run in runs.all_open()}
        for number in numbers:
            run = runs.by_number(number)
            if run is not None and run.execution.closed == (number in still_open):
                raise DataFileError(
                    f"The history of execution {run.execution.run_id} of workflow "
                    f"{run.execution.workflow_id} does not end as the file says; "
                    "restore the data file from a copy."
                )
        return len(numbers), len(still_open)
    finally:
        journal.release()
