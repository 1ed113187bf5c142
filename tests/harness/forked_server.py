"""`localswf serve` as a process that starts in moments: forked from one that has imported it.

Run as a program, this is that one: it reads the path of a data file a line, serves it by a child,
and waits for the child's end.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


class ForkedServer:
    """Serves data files, one at a time, by processes that are killed for real."""

    def __init__(self, parent: Process) -> None:
        self._parent = parent
        self._pid = 0

    async def fork(self, data: Path) -> None:
        """Begin to start a server; it is not ready yet."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{data}\n".encode())
        self._pid = int(await self._line())

    async def ready(self) -> int:
        """The port of the server, once it serves."""
        return int((await self._line()).rpartition(":")[2])

    async def kill(self) -> None:
        """End the server with SIGKILL."""
        os.kill(self._pid, signal.SIGKILL)
        while await self._line() != f"status {signal.SIGKILL}":
            pass

    async def _line(self) -> str:
        assert self._parent.stdout is not None
        line = (await self._parent.stdout.readline()).decode().strip()
        if not line or (line.startswith("status") and line != f"status {signal.SIGKILL}"):
            raise AssertionError(f"The server did not go on: {line}")
        return line


@contextlib.asynccontextmanager
async def forked_server(log: Path) -> AsyncIterator[ForkedServer]:
    """A server to be; what the processes write to stderr goes to `log`."""
    with log.open("w") as stderr:
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            env={**os.environ, "PYTHONPATH": str(SRC)},
        )
    try:
        yield ForkedServer(parent)
    finally:
        parent.terminate()
        await parent.communicate()


def _serve_in_children() -> None:
    from localswf.__main__ import main  # noqa: PLC0415 - for the program alone

    gc.freeze()
    child = 0

    def end(*_: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            print(os.getpid(), flush=True)  # noqa: T201 - its answer
            os._exit(main(["serve", "--data", line.strip(), "--port", "0"]))
        _, status = os.waitpid(child, 0)
        child = 0
        print(f"status {status}", flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    _serve_in_children()
