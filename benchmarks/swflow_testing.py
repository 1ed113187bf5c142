"""What tests of workflows cost: `python -m benchmarks.swflow_testing`.

The CPU time of a test environment, of ten sleeps of 30 days in it, and of the replay check of
1,000 stored histories of some 200 events each: the least and the median of several rounds.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import markdown
from benchmarks.steps import steps
from swflow import workflow
from swflow.testing import Environment, check

_ROUNDS = 30
_HISTORIES = 100
_YEAR = timedelta(days=365)


@workflow("Sleeps", version="1", task_list="flows", execution_timeout=_YEAR)
async def sleeps() -> None:
    """Wait ten times for a month."""
    for _ in range(10):
        await asyncio.sleep(30 * 86_400)


def main() -> None:
    """Measure, and print a table."""
    ready, slept, checked = list[float](), list[float](), list[float]()
    for _ in range(_ROUNDS):
        ready.append(_cpu(lambda: Environment().close()))
        with Environment() as env:
            slept.append(_cpu(partial(env.run, sleeps)))
    with TemporaryDirectory() as folder:
        stored = _store(Path(folder))
        for _ in range(_ROUNDS // 3):
            checked.append(_cpu(lambda: _check(stored)) * 1_000 / _HISTORIES)
    rows = [
        _row("an environment is ready", ready, 10),
        _row("ten sleeps of 30 days", slept, 4),
        _row("1,000 histories of 200 events checked", checked, 2_000),
    ]
    sys.stdout.write(f"{markdown(['what', 'least', 'median', 'at most'], rows)}\n")


def _store(folder: Path) -> Path:
    """A history of some 200 events, as the AWS CLI prints it."""
    with Environment() as env:
        execution = env.start(steps, 33)
        execution.result()
        path = folder / "history.json"
        text = json.dumps({"events": execution.history()}, default=datetime.isoformat)
        path.write_text(text)
    return path


def _check(stored: Path) -> None:
    for _ in range(_HISTORIES):
        check(steps, stored)


def _cpu(what: Callable[[], object]) -> float:
    """Milliseconds of CPU time."""
    before = time.process_time()
    what()
    return (time.process_time() - before) * 1_000


def _row(name: str, found: list[float], bound: float) -> list[str]:
    least, median = min(found), statistics.median(found)
    return [name, *(f"{value:,.1f} ms" for value in (least, median, bound))]


if __name__ == "__main__":
    main()
