"""What is done every now and then."""

import argparse
import re
import signal
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vib.cli.programs import set_program
from vib.errors import VibError

if TYPE_CHECKING:
    from vib.jobs.job import Job
    from vib.needs import Need
    from vib.services import Services

FAILED = 1
LONGEST_REST = timedelta(minutes=1)
"""How long a job that is not due is left alone; another box may have stopped before its end."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_to(commands: Any) -> None:
    """Add the commands."""
    job = commands.add_parser(
        "job",
        help="do what is done every now and then",
        description="Do what is done every now and then; without a NAME, tell what there is. "
        "Where the job runs elsewhere nothing is done, and the status is 0; "
        "it is 1 where something failed, which the log tells.",
    )
    job.add_argument("name", nargs="?", metavar="NAME")
    how_often = job.add_mutually_exclusive_group()
    how_often.add_argument("--once", action="store_true", help="the default, for cron")
    how_often.add_argument(
        "--every",
        type=_span,
        metavar="TIME",
        help="again and again, for supervisor: 6h, 30m; wherever it ran last",
    )
    how_often.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    set_program(job, _run, _needs)


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]*)([smhd])", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 30m, 6h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _needs(arguments: argparse.Namespace) -> "Sequence[Need]":
    from vib.needs import DATABASE

    return [DATABASE, *(_job(arguments.name).needs if arguments.name else ())]


def _job(name: str) -> "Job":
    from vib.jobs.registry import JOBS

    if name not in JOBS:
        raise VibError(f"There is no job {name!r}; there are {', '.join(JOBS)}.")
    return JOBS[name]


def _run(context: "Services", arguments: argparse.Namespace) -> int:
    from vib.jobs.run import run

    if arguments.name is None:
        return _tell_all(context)
    job = _job(arguments.name)
    if arguments.dry_run:
        for chore in job.find(context):
            print(chore.what)  # noqa: T201 - what the option is for
        return 0
    stopping = _on_signals()
    if arguments.every is None:
        outcome = run(context, job, stopping=stopping)
        print(outcome)  # noqa: T201 - for people
        return FAILED if outcome.failed else 0
    while not stopping():
        run(context, job, not_within=arguments.every, stopping=stopping)
        _rest(min(arguments.every, LONGEST_REST), stopping)
    return 0


def _tell_all(context: "Services") -> int:
    from rich.console import Console
    from rich.table import Column, Table
    from sqlalchemy import select

    from vib.db.models import JobRun
    from vib.jobs.registry import JOBS

    with context.sessions() as session:
        runs = {each.name: each for each in session.scalars(select(JobRun))}
    table = Table(Column("Job", no_wrap=True), "What it is for", "Ended", "Seconds", "Failed")
    for name, job in JOBS.items():
        ran = runs.get(name)
        said = (
            (f"{ran.finished_at:%Y-%m-%d %H:%M %Z}", f"{ran.seconds:.1f}", str(ran.failed))
            if ran
            else ("never", "", "")
        )
        table.add_row(name, job.purpose, *said)
    Console(markup=False).print(table)
    return 0


def _on_signals() -> Callable[[], bool]:
    """Whether the process is to end, from now on; what it is at is finished first."""
    heard: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: heard.append(number))
    return lambda: bool(heard)


def _rest(span: timedelta, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + span.total_seconds()
    while not stopping() and time.monotonic() < end:
        time.sleep(0.5)
