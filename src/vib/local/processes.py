import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from vib.errors import VibError

SECONDS_TO_STOP = 20


class ProcessEndedError(VibError):
    """A process that has to be there has ended by itself."""


class Processes:
    """Child processes, each with its log file in a folder; the `with` block ends with them.

    Each is the leader of a session of its own, so that a Ctrl-C at the terminal reaches only this
    process, which then stops them. Where util-linux's setpriv is there, the
    kernel ends them should this process be killed.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._guard = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            child.terminate()
        deadline = time.monotonic() + SECONDS_TO_STOP
        for child in self._children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Run `python -m MODULE ARGUMENTS...`, its output going to `NAME.log`."""
        with self._log(name) as log:
            self._spawn(name, (module, *arguments), stdout=log, stderr=log)

    def start_and_read_line(self, name: str, module: str, *arguments: str) -> str:
        """Run the same and wait for its first line of output, which says that it is ready.

        Raises:
            ProcessEndedError: it ended before it said anything.
        """
        with self._log(name) as log:
            said_before = log.tell()
            child = self._spawn(name, (module, *arguments), stdout=subprocess.PIPE, stderr=log)
        assert child.stdout is not None  # noqa: S101 (it is a pipe)
        with child.stdout as output:
            line = output.readline().strip()
        if not line:
            path = self._log_path(name)
            last_words = path.read_bytes()[said_before:].decode(errors="replace").splitlines()[-1:]
            raise ProcessEndedError(" ".join([f"{name} did not start: see {path}.", *last_words]))
        return line

    def check(self) -> None:
        """Make sure that all are still running.

        Raises:
            ProcessEndedError: one is not.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                raise ProcessEndedError(
                    f"{name} ended by itself with status {child.returncode}: "
                    f"see {self._log_path(name)}"
                )

    def _spawn(
        self, name: str, arguments: Sequence[str], *, stdout: IO[str] | int, stderr: IO[str]
    ) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            (*self._guard, sys.executable, "-m", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
        self._children[name] = child
        return child

    def _log(self, name: str) -> IO[str]:
        return self._log_path(name).open("a", encoding="utf-8")

    def _log_path(self, name: str) -> Path:
        return self._logs / f"{name}.log"
