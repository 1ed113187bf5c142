"""swflow without HTTP: the service, a decider, a worker and the client in one process."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import orjson
import uvloop
from botocore.exceptions import ClientError

from benchmarks.session import in_threads, serve
from benchmarks.swflow_types import add, adding
from localswf import Service
from localswf.errors import SwfError
from swflow import Client, Decider
from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Call, converse
from swflow.endpoint.stopping import Stop
from swflow.workers.floor import Floor
from swflow.workers.workplace import Workplace

_DOMAIN = "benchmarks"
_CONCURRENCY = 20


async def main(folder: Path) -> None:
    """Serve workloads; the data file is in `folder`."""
    service = Service(folder / "swf.sqlite")
    here = Here(service)
    client = HereClient(here)
    await here.register()
    with Stop() as stop:
        decider = Decider(client, [adding], task_list=adding.task_list)
        floor = Floor(here, Workplace(client, [add]), stop)
        loops = [
            asyncio.create_task(converse(here, decider.conversations(stop))),
            asyncio.create_task(floor.work(_DOMAIN, [add.task_list], _CONCURRENCY)),
        ]

        def run_workflow(activities: int, parallel: bool) -> int:
            return client.start(adding, activities, parallel).result()

        await serve(in_threads(run_workflow))
        for each in loops:
            each.cancel()
        await asyncio.wait(loops)
    await service.close()


class Here:
    """The way to a service on the running event loop, for those who share it and for threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()

    async def ask(self, call: Call) -> dict[str, Any]:
        """Carry out an operation.

        Raises:
            ClientError: the service refused it.
        """
        try:
            return _parsed(await self._service.call(call.operation, call.parameters))
        except SwfError as error:
            raise _refusal(error, call.operation) from error

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The same for another thread, which waits for the answer."""
        answered: SimpleQueue[asyncio.Future[dict[str, Any]]] = SimpleQueue()

        def begin() -> None:
            self._service.call(operation, parameters).add_done_callback(answered.put)

        self._loop.call_soon_threadsafe(begin)
        try:
            return _parsed(answered.get().result())
        except SwfError as error:
            raise _refusal(error, operation) from error

    async def register(self) -> None:
        """Make the domain and the types known."""
        domain = {"name": _DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}
        await self.ask(Call("RegisterDomain", domain))
        for operation, each in (("RegisterWorkflowType", adding), ("RegisterActivityType", add)):
            await self.ask(Call(operation, {"domain": _DOMAIN, **each.registration()}))


def _parsed(answer: dict[str, Any]) -> dict[str, Any]:
    if "events" in answer:
        return {**answer, "events": list(map(orjson.loads, answer["events"]))}
    return answer


def _refusal(error: SwfError, operation: str) -> ClientError:
    said: Any = {"Error": {"Code": error.code, "Message": error.message or ""}}
    return ClientError(said, operation)


class _HereConnection(Connection):
    def __init__(self, here: Here) -> None:
        super().__init__(_DOMAIN, None, None, None)
        self._here = here

    @property
    def transport(self) -> Any:
        return self._here


class HereClient(Client):
    """The domain of a service in this process."""

    def __init__(self, here: Here) -> None:
        self.connection = _HereConnection(here)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
