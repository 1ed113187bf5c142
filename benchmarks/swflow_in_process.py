"""swflow without HTTP: the service, a decider, a worker and the client in one process."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.session import in_threads, serve
from benchmarks.swflow_types import add, adding
from swflow.embedded import Embedded


def main(folder: Path) -> None:
    """Serve workloads; the data file is in `folder`."""
    with Embedded(folder / "swf.sqlite", adding, add, retention=timedelta(days=1)) as here:

        def run_workflow(activities: int, parallel: bool) -> int:
            return here.client.start(adding, activities, parallel).result()

        asyncio.run(serve(in_threads(run_workflow)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
