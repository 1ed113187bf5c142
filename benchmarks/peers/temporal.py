"""Temporal's development server on a file: activities, or local activities.

As it comes: one worker with its defaults, the workflow sandbox included.
"""

import asyncio
import itertools
import sys
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks.servers import free_port, server
from benchmarks.session import serve

_QUEUE = "workers"
_TIMEOUT = timedelta(minutes=5)


@activity.defn
async def add(value: int) -> int:
    """Add 1."""
    return value + 1


@workflow.defn
class Adding:
    """A chain of activities, or many at once."""

    @workflow.run
    async def run(self, activities: int, parallel: bool, local: bool) -> int:
        """Run them and return what they add up to."""
        execute = workflow.execute_local_activity if local else workflow.execute_activity
        if parallel:
            calls = [execute(add, 0, start_to_close_timeout=_TIMEOUT) for _ in range(activities)]
            return sum(await asyncio.gather(*calls))
        value = 0
        for _ in range(activities):
            value = await execute(add, value, start_to_close_timeout=_TIMEOUT)
        return value


async def main(folder: Path, local: bool) -> None:
    """Serve workloads; the data file is in `folder`."""
    port, binary = free_port(), Path(sys.executable).with_name("temporal")
    command = [str(binary), "server", "start-dev", "--headless", "--port", str(port)]
    command += ["--db-filename", str(folder / "temporal.sqlite"), "--log-level", "error"]
    with server(command, port):
        client = await Client.connect(f"127.0.0.1:{port}")
        numbers = itertools.count()

        async def run_workflow(activities: int, parallel: bool) -> int:
            arguments = [activities, parallel, local]
            name = f"adding-{next(numbers)}"
            return await client.execute_workflow(
                Adding.run, args=arguments, id=name, task_queue=_QUEUE
            )

        async with Worker(client, task_queue=_QUEUE, workflows=[Adding], activities=[add]):
            await serve(run_workflow)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), "--local" in sys.argv))
