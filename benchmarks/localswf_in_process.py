"""localswf without HTTP: the service, a client, a decider and workers in one process."""

import sys
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks.session import serve
from benchmarks.swf_client import Call
from benchmarks.swf_program import running
from localswf import Service


async def main(folder: Path) -> None:
    """Serve workloads; the data file is in `folder`."""
    service = Service(folder / "swf.sqlite")

    async def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = await service.call(operation, request)
        if "events" in answer:
            return {**answer, "events": list(map(orjson.loads, answer["events"]))}
        return answer

    async def open_() -> Call:
        return call

    async with running(open_) as run_workflow:
        await serve(run_workflow)
    await service.close()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
