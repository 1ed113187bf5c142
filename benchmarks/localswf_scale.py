"""What an operation costs as there is more and more: `python -m benchmarks.localswf_scale`.

The figures are the server's CPU time a call, over HTTP, first as executions grow in number, then
as one history grows in length. A curve that stays flat is what is looked for. Beside them stand
how long the server takes to start on that file, and its memory.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.localswf_http import localswf
from benchmarks.measure import cpu_seconds, peak_megabytes
from benchmarks.report import markdown
from benchmarks.swf_client import Call, Connection
from benchmarks.swf_program import DOMAIN, SHARED, TYPE, WORK, decision, register, schedule
from localswf import Service

_VAR = ROOT / "var" / "benchmarks"
_EXECUTIONS = (1_000, 10_000, 100_000)
_EVENTS = (100, 1_000, 10_000, 20_000)
_AT_ONCE = 200
_PAGE = 100
_EVER = {"oldestDate": 0}
_LATER = {"taskList": {"name": "later"}}
_MARK = decision("RecordMarker", {"markerName": "mark"})

Figures = dict[str, float]
"""What was measured, by its name."""


class Meter:
    """Calls operations of a server and looks at its CPU clock.

    Attributes:
        figures: microseconds of the server's CPU time a call.
    """

    def __init__(self, call: Call, pid: int, calls: int) -> None:
        """`calls` is how many of each operation a figure is made of."""
        self.call = call
        self.figures: Figures = {}
        self._pid = pid
        self._calls = calls

    async def each(self, name: str, once: Callable[[int], Awaitable[object]]) -> None:
        """Measure what `once` does, which is given the number of the try."""
        before = cpu_seconds([self._pid])
        for number in range(self._calls):
            await once(number)
        self.figures[name] = (cpu_seconds([self._pid]) - before) / self._calls * 1e6

    async def repeated(self, name: str, operation: str, **request: Any) -> None:
        """Measure an operation that changes nothing."""
        await self.each(name, lambda _: self.call(operation, {"domain": DOMAIN, **request}))

    async def decide(self, name: str, task_list: str) -> None:
        """Measure decisions of a decider that asks for what is new only; each makes a marker."""
        lists = {"taskList": {"name": task_list}}
        poll = {"domain": DOMAIN, **lists, "startAtPreviousStartedEvent": True}

        async def once(_: int) -> None:
            task = await self.call("PollForDecisionTask", {**poll, "maximumPageSize": 20})
            answer = {"taskToken": task["taskToken"], "decisions": [_MARK], **lists}
            await self.call("RespondDecisionTaskCompleted", answer)

        await self.each(name, once)


async def fill(data: Path, executions: int) -> None:
    """Make a data file with so many open executions of 11 events, and as many closed ones of 3."""
    service = Service(data)
    await register(service.call)
    for first in range(0, executions, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, executions))
        await asyncio.gather(*(_open(service.call, number) for number in numbers))
        await asyncio.gather(*(_closed(service.call, number) for number in numbers))
    await service.close()


async def _open(call: Call, number: int) -> None:
    lists = {"taskList": {"name": f"decider of {number}"}}
    names = {"domain": DOMAIN, "workflowId": f"open {number}"}
    await call("StartWorkflowExecution", {**names, "workflowType": TYPE, **lists})
    first = schedule(0, 0)
    second = schedule(1, 0)
    second["scheduleActivityTaskDecisionAttributes"] |= _LATER
    task = await call("PollForDecisionTask", {"domain": DOMAIN, **lists})
    await _answer(call, task, first)
    work = await call("PollForActivityTask", {"domain": DOMAIN, "taskList": {"name": WORK}})
    await call("RespondActivityTaskCompleted", {"taskToken": work["taskToken"], "result": "1"})
    task = await call("PollForDecisionTask", {"domain": DOMAIN, **lists})
    await _answer(call, task, second)


async def _closed(call: Call, number: int) -> None:
    names = {"domain": DOMAIN, "workflowId": f"closed {number}"}
    await call("StartWorkflowExecution", {**names, "workflowType": TYPE, **_LATER})
    await call("TerminateWorkflowExecution", names)


async def _answer(call: Call, task: dict[str, Any], made: dict[str, Any]) -> None:
    await call(
        "RespondDecisionTaskCompleted", {"taskToken": task["taskToken"], "decisions": [made]}
    )


async def with_executions(data: Path, executions: int, calls: int) -> Figures:
    """What operations cost beside so many open and so many closed executions."""
    await fill(data, executions)
    begun = time.perf_counter()
    with localswf(data) as (port, pid):
        started = time.perf_counter() - begun
        meter = Meter((await Connection.open(port)).call, pid, calls)
        meter.figures = {
            "start-up, s": started,
            "start-up, CPU s": cpu_seconds([pid]),
            "memory, MB": peak_megabytes([pid]),
        }
        start = {"domain": DOMAIN, "workflowType": TYPE}
        await meter.each(
            "start",
            lambda number: meter.call(
                "StartWorkflowExecution", {**start, "workflowId": f"new {number}"}
            ),
        )
        await meter.decide("decide (poll, answer)", SHARED)
        await _look(meter)
        return meter.figures


async def _look(meter: Meter) -> None:
    some = {"maximumPageSize": _PAGE}
    for which, by in (("Open", "startTimeFilter"), ("Closed", "closeTimeFilter")):
        operation, name = f"List{which}WorkflowExecutions", f"list {which.lower()}"
        of_one: dict[str, Any] = {"executionFilter": {"workflowId": f"{which.lower()} 7"}}
        times: dict[str, Any] = {by: _EVER}
        await meter.repeated(f"{name}, {_PAGE} of all", operation, **times, **some)
        await meter.repeated(f"{name}, by workflowId", operation, **times, **of_one)
    terminated = {"closeStatusFilter": {"status": "TERMINATED"}}
    by_status: dict[str, Any] = {"startTimeFilter": _EVER, **terminated, **some}
    name = f"list closed, {_PAGE} by status"
    await meter.repeated(name, "ListClosedWorkflowExecutions", **by_status)
    now = {"oldestDate": time.time() - 1, "latestDate": time.time() + 1}
    count = "CountOpenWorkflowExecutions"
    await meter.repeated("count open, of two seconds", count, startTimeFilter=now)
    await meter.repeated("count open, all", count, startTimeFilter=_EVER)
    of_one = {"startTimeFilter": _EVER, "executionFilter": {"workflowId": "closed 7"}}
    found = await meter.call("ListClosedWorkflowExecutions", {"domain": DOMAIN, **of_one})
    execution = found["executionInfos"][0]["execution"]
    await meter.repeated("describe a closed one", "DescribeWorkflowExecution", execution=execution)
    await meter.repeated(
        "history of a closed one", "GetWorkflowExecutionHistory", execution=execution
    )


async def with_events(data: Path, events: int, calls: int) -> Figures:
    """What operations cost on a history of so many events."""
    with localswf(data) as (port, pid):
        meter = Meter((await Connection.open(port)).call, pid, calls)
        await register(meter.call)
        names = {"domain": DOMAIN, "workflowId": "long"}
        run = await meter.call("StartWorkflowExecution", {**names, "workflowType": TYPE})
        signal = {**names, "signalName": "go", "input": "x" * 100}
        for _ in range(events - 2):
            await meter.call("SignalWorkflowExecution", signal)
        # After one decision those that follow have little that is new.
        await _answer(meter.call, await meter.call("PollForDecisionTask", _first()), _MARK)

        async def decide(_: int) -> None:
            await meter.call("SignalWorkflowExecution", signal)
            task = await meter.call("PollForDecisionTask", _first())
            await _answer(meter.call, task, _MARK)

        await meter.each("decide (signal, poll, answer)", decide)
        await _look_at(meter, {"workflowId": "long", "runId": run["runId"]}, "open")
        await meter.call("TerminateWorkflowExecution", names)
        await _look_at(meter, {"workflowId": "long", "runId": run["runId"]}, "closed")
        return meter.figures


def _first() -> dict[str, Any]:
    lists = {"domain": DOMAIN, "taskList": {"name": SHARED}}
    return {**lists, "startAtPreviousStartedEvent": True, "maximumPageSize": 20}


async def _look_at(meter: Meter, execution: dict[str, str], state: str) -> None:
    await meter.repeated(f"describe, {state}", "DescribeWorkflowExecution", execution=execution)
    for name, reverse in (("first", False), ("last", True)):
        await meter.repeated(
            f"{name} {_PAGE} events, {state}",
            "GetWorkflowExecutionHistory",
            execution=execution,
            maximumPageSize=_PAGE,
            reverseOrder=reverse,
        )


async def curve(
    measure: Callable[[Path, int, int], Awaitable[Figures]],
    sizes: Sequence[int],
    calls: int,
    folder: Path,
    what: str,
) -> str:
    """The table of what `measure` found at each size."""
    columns = []
    for size in sizes:
        with TemporaryDirectory(dir=folder) as scratch:
            columns.append(await measure(Path(scratch) / "swf.sqlite", size, calls))
    rows = [[name, *(f"{found[name]:,.4g}" for found in columns)] for name in columns[0]]
    return markdown([what, *(f"{size:,}" for size in sizes)], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.localswf_scale", description="What operations cost at scale."
    )
    for option, sizes in (("--executions", _EXECUTIONS), ("--events", _EVENTS)):
        parser.add_argument(option, type=int, nargs="*", metavar="N", default=sizes)
    parser.add_argument("--calls", type=int, default=200, help="of each kind (%(default)s)")
    parser.add_argument("--folder", type=Path, default=_VAR, help="where data goes meanwhile")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for measure, chosen, what in (
        (with_executions, options.executions, "open executions, and as many closed; CPU µs a call"),
        (with_events, options.events, "events in the history; CPU µs a call"),
    ):
        if chosen:
            print(asyncio.run(curve(measure, chosen, options.calls, options.folder, what)), "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
