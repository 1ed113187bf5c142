"""Real deciders and workers, of programs that tests have."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.swf_server import SRC
from swflow import Client, Execution, WorkflowType

PROGRAM = Path(__file__).parent / "program"


class Process:
    """A decider or a worker, in a process group of its own."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "swflow", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROGRAM,
                env={**os.environ, "PYTHONPATH": str(SRC)},
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """SIGKILL to it and to its children."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(timeout=30)

    def terminate(self) -> None:
        self.popen.terminate()

    def interrupt_group(self) -> None:
        """What Ctrl-C in a terminal does."""
        os.killpg(self.popen.pid, signal.SIGINT)

    def wait(self) -> int:
        """The exit status; well within a long poll's minute."""
        return self.popen.wait(timeout=30)

    def close(self) -> None:
        try:
            self.kill()
        except ProcessLookupError:
            self.popen.wait(timeout=30)


class Cluster:
    """A domain on a service, with whatever deciders and workers a test starts."""

    # For all of them: several may share a service.
    _numbers = itertools.count(1)

    def __init__(self, server: Any, folder: Path, films: ModuleType) -> None:
        self.server = server
        self.films = films
        self.client = Client("films", endpoint_url=server.endpoint_url)
        self.register(films)
        self.processes: list[Process] = []
        self._logs = folder
        self.begin(folder)

    def begin(self, folder: Path) -> None:
        """Give a test its own film and diary."""
        self.folder = folder
        self.film = self.films.Film("film", folder / "diary")

    def register(self, program: ModuleType) -> None:
        types = [each for each in vars(program).values() if hasattr(each, "registration")]
        self.client.register(*types, retention=timedelta(days=1))

    def decider(self, *options: str, program: str = "films", domain: str = "films") -> Process:
        return self._start("decider", program, f"--domain={domain}", "--task-list=films", *options)

    def worker(
        self,
        program: str = "films",
        *,
        domain: str = "films",
        processes: int = 1,
        grace: int = 30,
        more: tuple[str, ...] = ("--task-list=films",),
    ) -> Process:
        numbers = [f"--processes={processes}", f"--grace={grace}"]
        return self._start("worker", program, f"--domain={domain}", *numbers, *more)

    def start(self, workflow: WorkflowType[..., Any], *args: Any) -> Execution[Any]:
        return self.client.start(workflow, *args, workflow_id=f"film-{next(self._numbers)}")

    def run(self, workflow: WorkflowType[..., Any], *args: Any) -> Any:
        """Start an execution and wait for its result."""
        return self.start(workflow, *args).result(timedelta(seconds=60))

    def diary(self) -> list[str]:
        """What the activities wrote down."""
        return self.film.diary.read_text().splitlines() if self.film.diary.exists() else []

    def await_diary(self, line: str) -> None:
        self.wait_for(lambda: any(each.startswith(line) for each in self.diary()), line)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            logs = "\n".join(each.log() for each in self.processes)
            assert time.monotonic() < deadline, f"{what} did not come; {logs}"
            time.sleep(0.02)

    def close(self) -> None:
        for each in self.processes:
            each.close()

    def _start(self, command: str, *arguments: str) -> Process:
        where = [f"--endpoint-url={self.server.endpoint_url}"]
        log = self._logs / f"{len(self.processes)}.log"
        process = Process([command, *arguments, *where], log)
        self.processes.append(process)
        return process
