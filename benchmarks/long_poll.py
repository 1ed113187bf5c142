"""How soon a parked long poll is answered: `python -m benchmarks.long_poll`.

The server has nothing else to do. The time is a client's: from the sending of the request that
makes a task to the poll's answer with that task. The fsync in between is in it, for neither the
request nor the poll is answered before it; both are then answered at the same moment.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.figures import percentile
from benchmarks.localswf_http import localswf
from benchmarks.measure import sync_milliseconds
from benchmarks.report import markdown
from benchmarks.swf_client import Call, Connection
from benchmarks.swf_program import DOMAIN, SHARED, TYPE, WORK, decision, register, schedule

_VAR = ROOT / "var" / "benchmarks"
_TARGET = 5.0  # milliseconds, on a machine that does nothing else
_PAUSE = 0.005  # until a poll is parked for sure, and the server idle
_LISTS = {"PollForDecisionTask": SHARED, "PollForActivityTask": WORK}

Task = dict[str, Any]
Seen = dict[str, list[float]]


class Observer:
    """Has one poll parked, makes a task for it, and looks at the clock.

    Attributes:
        seen: milliseconds, by what made the task.
    """

    def __init__(self, poll: Call, ask: Call) -> None:
        self._poll = poll
        self._ask = ask
        self.seen: Seen = {}

    async def watch(self, name: str, poll: str, operation: str, request: Mapping[str, Any]) -> Task:
        """Park a poll, send the request that makes a task; returns the task."""
        parked = asyncio.create_task(self._parked(poll))
        await asyncio.sleep(_PAUSE)
        sent = time.perf_counter()
        await self._ask(operation, dict(request))
        task, answered = await parked
        self.seen.setdefault(name, []).append((answered - sent) * 1000)
        return task

    async def workflow(self, workflow_id: str) -> None:
        """Make every kind of task once."""
        execution = {"domain": DOMAIN, "workflowId": workflow_id}
        poll, answer = "PollForDecisionTask", "RespondDecisionTaskCompleted"
        start = {**execution, "workflowType": TYPE}
        task = await self.watch("workflow started", poll, "StartWorkflowExecution", start)
        decided = {"taskToken": task["taskToken"], "decisions": [schedule(0, 0)]}
        work = await self.watch("activity scheduled", "PollForActivityTask", answer, decided)
        done = {"taskToken": work["taskToken"], "result": "1"}
        respond = "RespondActivityTaskCompleted"
        task = await self.watch("activity completed", poll, respond, done)
        await self._ask(answer, {"taskToken": task["taskToken"]})
        signal = {**execution, "signalName": "go"}
        task = await self.watch("signal sent", poll, "SignalWorkflowExecution", signal)
        close = decision("CompleteWorkflowExecution", {})
        await self._ask(answer, {"taskToken": task["taskToken"], "decisions": [close]})

    async def _parked(self, poll: str) -> tuple[Task, float]:
        task = await self._poll(poll, {"domain": DOMAIN, "taskList": {"name": _LISTS[poll]}})
        return task, time.perf_counter()


async def observe(data: Path, samples: int) -> Seen:
    """Start a server and return the milliseconds seen, by what made the task."""
    with localswf(data) as (port, _):
        poll, ask = await Connection.open(port), await Connection.open(port)
        await register(ask.call)
        observer = Observer(poll.call, ask.call)
        for number in range(samples):
            await observer.workflow(str(number))
    return observer.seen


def table(seen: Seen) -> str:
    """Half, 99 of 100 and the longest."""
    rows = []
    for name, values in seen.items():
        figures = (percentile(values, 0.5), percentile(values, 0.99), max(values))
        rows.append([name, *(f"{figure:.2f}" for figure in figures)])
    return markdown(["what made the task", "p50 ms", "p99 ms", "longest ms"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and write the figures down; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.long_poll", description="How soon a parked poll is answered."
    )
    parser.add_argument("--samples", type=int, default=500, help="of each kind (%(default)s)")
    parser.add_argument("--folder", type=Path, default=_VAR, help="where data and results go")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=options.folder) as scratch:
        print(f"A fdatasync takes {sync_milliseconds(Path(scratch)):.2f} ms.")
        seen = asyncio.run(observe(Path(scratch) / "swf.sqlite", options.samples))
    print(table(seen))
    worst = max(percentile(values, 0.99) for values in seen.values())
    verdict = "holds" if worst <= _TARGET else "is missed"
    print(f"\nA p99 of at most {_TARGET:g} ms {verdict}: {worst:.2f} ms.")
    (options.folder / "long_poll.json").write_text(json.dumps(seen, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
