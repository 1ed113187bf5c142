"""SWF, deciders and workers as processes, for experiments in which some of them are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import stages

from swflow import Client, Execution, WorkflowType

Process = subprocess.Popen[str]


class Laboratory:
    """A domain with the stages in it, and whatever processes an experiment starts."""

    def __init__(self, folder: Path) -> None:
        self._logs = folder
        self._processes: list[Process] = []
        swf = self._start("localswf", "serve", "--ephemeral", "--port", "0")
        self._url = (swf.stdout or sys.stdin).readline().strip()
        self._client = Client("laboratory", endpoint_url=self._url)
        activities = (stages.stage_a, stages.stage_b, stages.stage_c, stages.stage_d)
        self._client.register(stages.stages, *activities, retention=timedelta(days=1))

    def decider(self) -> Process:
        """Start a decider."""
        return self._swflow("decider")

    def worker(self) -> Process:
        """Start a worker that can do two things at once."""
        return self._swflow("worker", "--processes", "2")

    def begin(self, workflow: WorkflowType[..., Any], limit: timedelta) -> Execution[Any]:
        """Start an execution, and wait until a worker has stage A in hand."""
        execution = self._client.start(workflow, limit, workflow_id="stages")
        self.wait(lambda: "ActivityTaskStarted" in kinds(execution))
        return execution

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + 120
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"that does not come to pass; the logs say: {self.log()}")
            time.sleep(0.05)

    def log(self) -> str:
        """What all processes said on standard error."""
        return "".join(each.read_text() for each in self._logs.iterdir())

    def close(self) -> None:
        """End every process."""
        for each in self._processes:
            kill(each)

    def _swflow(self, command: str, *options: str) -> Process:
        domain = ("--domain", "laboratory", "--endpoint-url", self._url)
        before = self.log().count("on task list")
        process = self._start("swflow", command, "stages", *domain, *options)
        self.wait(lambda: self.log().count("on task list") > before)
        return process

    def _start(self, *words: str) -> Process:
        with (self._logs / f"{len(self._processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """A laboratory, of which nothing is left afterwards."""
    with TemporaryDirectory() as folder:
        lab = Laboratory(Path(folder))
        try:
            yield lab
        finally:
            lab.close()


def kill(process: Process) -> None:
    """End a process and its children at once, as when the machine loses its power."""
    with process, suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kinds(execution: Execution[Any]) -> list[str]:
    """What happened so far, in Amazon SWF's words."""
    return [event["eventType"] for event in execution.history()]
