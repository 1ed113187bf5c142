"""localswf over HTTP: the service is a process, a client, a decider and workers are another."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.session import serve
from benchmarks.swf_client import Call, Connection
from benchmarks.swf_program import running


async def main(folder: Path) -> None:
    """Serve workloads; the data file is in `folder`."""
    with localswf(folder / "swf.sqlite") as (port, _):

        async def open_() -> Call:
            return (await Connection.open(port)).call

        async with running(open_) as run_workflow:
            await serve(run_workflow)


@contextlib.contextmanager
def localswf(data: Path) -> Iterator[tuple[int, int]]:
    """A `localswf serve` on a free port; gives the port and the process's id."""
    command = [sys.executable, "-m", "localswf", "serve", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield int(server.stdout.readline().rpartition(":")[2]), server.pid
        finally:
            server.terminate()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
