"""Restate's server: calls of another service, or steps inside the handler (`ctx.run`)."""

import asyncio
import http.client
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import restate
from hypercorn.asyncio import serve as serve_handlers
from hypercorn.config import Config
from restate import Context, RunOptions, Service

from benchmarks.servers import free_port, server
from benchmarks.session import in_threads, serve

adder = Service("Adder")
adding = Service("Adding")


@adder.handler()
async def add(_context: Context, value: int) -> int:
    """Add 1."""
    return value + 1


async def _add(value: int) -> int:
    return value + 1


@adding.handler()
async def run(context: Context, plan: dict) -> int:
    """Run a chain of activities, or many at once, and return what they add up to."""

    def step(value: int) -> restate.RestateDurableFuture[int]:
        if plan["inside"]:
            return context.run_typed("add", _add, RunOptions(), value)
        return context.service_call(add, value)

    if plan["parallel"]:
        steps = await restate.gather(*(step(0) for _ in range(plan["activities"])))
        return sum([await done for done in steps])
    value = 0
    for _ in range(plan["activities"]):
        value = await step(value)
    return value


class Ingress:
    """The server's HTTP API, with a connection a thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._local = threading.local()

    def post(self, path: str, body: Mapping[str, object]) -> object:
        """Send JSON and return what comes back."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
            self._local.connection = connection
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{path}: {answer.decode()}")
        return json.loads(answer)


async def main(folder: Path, binary: str, inside: bool) -> None:
    """Serve workloads; the data is in `folder`."""
    ports = ingress, admin, node, handlers = [free_port() for _ in range(4)]
    if len(set(ports)) < len(ports):
        raise RuntimeError(f"The machine gave the same port twice: {ports}.")
    environment = {
        **os.environ,
        "RESTATE_BASE_DIR": str(folder),
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_LOG_FILTER": "error",
        "RESTATE_BIND_IP": "127.0.0.1",
        "RESTATE_BIND_PORT": str(node),
        "RESTATE_INGRESS__BIND_PORT": str(ingress),
        "RESTATE_ADMIN__BIND_PORT": str(admin),
    }
    config, stop = Config(), asyncio.Event()
    config.bind = [f"127.0.0.1:{handlers}"]
    app = restate.app([adder, adding])
    serving = asyncio.create_task(serve_handlers(app, config, shutdown_trigger=stop.wait))
    with server([binary, "--no-logo"], ingress, environment):
        await _register(Ingress(admin), handlers)
        client = Ingress(ingress)

        def run_workflow(activities: int, parallel: bool) -> int:
            plan = {"activities": activities, "parallel": parallel, "inside": inside}
            return client.post("/Adding/run", plan)

        await serve(in_threads(run_workflow))
    stop.set()
    await serving


async def _register(admin: Ingress, port: int) -> None:
    """Tell the server where the handlers are, as soon as it listens."""
    for _ in range(100):
        try:
            await asyncio.to_thread(admin.post, "/deployments", {"uri": f"http://127.0.0.1:{port}"})
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("Restate's admin API does not answer.")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], "--inside" in sys.argv))
