"""swflow over HTTP: `localswf serve`, `swflow decider` and `swflow worker` are a process each.

The client is another: it starts executions and waits for their results as programs do.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import swflow_types
from benchmarks.localswf_http import localswf
from benchmarks.session import in_threads, serve
from swflow import Client

_DOMAIN = "benchmarks"


async def main(folder: Path) -> None:
    """Serve workloads; the data file is in `folder`."""
    with localswf(folder / "swf.sqlite") as (port, _):
        url = f"http://127.0.0.1:{port}"
        client = Client(_DOMAIN, endpoint_url=url)
        client.register(swflow_types.adding, swflow_types.add, retention=timedelta(days=1))

        def run_workflow(activities: int, parallel: bool) -> int:
            return client.start(swflow_types.adding, activities, parallel).result()

        with _process("decider", url), _process("worker", url):
            await serve(in_threads(run_workflow))


@contextlib.contextmanager
def _process(command: str, url: str) -> Iterator[None]:
    """A process of swflow, as the command line starts it."""
    arguments = [command, swflow_types.__name__, "--domain", _DOMAIN, "--endpoint-url", url]
    with subprocess.Popen([sys.executable, "-m", "swflow", *arguments]) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
