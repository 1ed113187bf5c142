"""A contestant's process: it says when it is ready, and when each workload that it is sent is done.

Servers that the contestant needs are its children, so that all it uses can be counted. Only the
standard library is used here: peers run in environments of their own.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.workloads import Workload

READY, DONE = "ready", "done"
_THREADS = 32
_STDOUT, _STDERR = 1, 2

RunWorkflow = Callable[[int, bool], Awaitable[int]]
"""Runs a workflow with so many activities, in parallel or not; returns what they add up to."""


async def serve(run_workflow: RunWorkflow) -> None:
    """Carry out the workloads that come on standard input, one JSON object a line."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with os.fdopen(os.dup(_STDOUT), "w", buffering=1) as words:
        os.dup2(_STDERR, _STDOUT)  # what libraries have to say is no word of ours
        words.write(f"{READY}\n")
        while line := await lines.readline():
            await carry_out(Workload(**json.loads(line)), run_workflow)
            words.write(f"{DONE}\n")


async def carry_out(workload: Workload, run_workflow: RunWorkflow) -> None:
    """Run a workload's workflows, as many at a time as there are clients.

    Raises:
        ValueError: a workflow's result is wrong.
    """
    numbers = iter(range(workload.workflows))
    async with asyncio.TaskGroup() as clients:
        for _ in range(workload.clients):
            clients.create_task(_client(workload, numbers, run_workflow))


async def _client(workload: Workload, numbers: Iterator[int], run_workflow: RunWorkflow) -> None:
    for _ in numbers:
        result = await run_workflow(workload.activities, workload.parallel)
        if result != workload.activities:
            raise ValueError(f"{workload.activities} activities made {result}.")


def in_threads(run_workflow: Callable[[int, bool], int]) -> RunWorkflow:
    """For a contestant whose client blocks: each workflow is waited for in a thread."""

    async def run(activities: int, parallel: bool) -> int:
        return await asyncio.to_thread(run_workflow, activities, parallel)

    return run
