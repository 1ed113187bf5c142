"""Celery on Redis: two worker processes; a workflow is the client that waits for its tasks.

Nothing here is durable: Redis keeps its data in memory, and a client that dies forgets its place.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from celery import Celery

from benchmarks.servers import free_port, server
from benchmarks.session import in_threads, serve

_BROKER = "BENCHMARK_BROKER"
_WORKERS = 2


def _add(value: int) -> int:
    return value + 1


def _app() -> Celery:
    url = os.environ.get(_BROKER, "")
    made = Celery("benchmark", broker=url, backend=url, set_as_current=False)
    made.task(_add, name="add")
    return made


app = _app()


class Clients(threading.local):
    """An app a thread: waiting for results is not for several threads at once."""

    def __init__(self) -> None:
        self.app = _app()


def _runner() -> Callable[[int, bool], int]:
    clients = Clients()

    def run_workflow(activities: int, parallel: bool) -> int:
        add = clients.app.tasks["add"]
        if parallel:
            return sum(task.get() for task in [add.delay(0) for _ in range(activities)])
        value = 0
        for _ in range(activities):
            value = add.delay(value).get()
        return value

    return run_workflow


@contextlib.contextmanager
def _worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery", "worker"]
    command += [f"--concurrency={_WORKERS}", "--loglevel=ERROR"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2) as process:
        try:
            yield
        finally:
            process.terminate()


async def main(folder: Path, redis: str) -> None:
    """Serve workloads; Redis keeps its snapshots in `folder`."""
    port = free_port()
    command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    os.environ[_BROKER] = f"redis://127.0.0.1:{port}/0"
    with server(command, port), _worker():
        await serve(in_threads(_runner()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
