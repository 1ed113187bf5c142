"""What cannot be replayed is refused where a workflow's code begins it."""

import asyncio
import logging
import logging.handlers
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from swflow import UnsupportedInWorkflow, cached
from swflow.execution.loop import WorkflowLoop
from tests.swflow.flows import Begin, flow, step


def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def opened() -> None:
    async with asyncio.timeout(5):
        await asyncio.open_connection("127.0.0.1", 9)


THREADS, NETWORK, PROCESSES = "threads", "the network", "processes"

ASYNCIO: dict[str, tuple[str, Callable[[], Any]]] = {
    "to_thread": (THREADS, lambda: asyncio.to_thread(print)),
    "run_in_executor": (THREADS, lambda: loop().run_in_executor(None, print)),
    "call_soon_threadsafe": (THREADS, lambda: loop().call_soon_threadsafe(print)),
    "open_connection": (NETWORK, opened),
    "open_unix_connection": (NETWORK, lambda: asyncio.open_unix_connection("/nowhere")),
    "start_server": (NETWORK, lambda: asyncio.start_server(print, "127.0.0.1", 0)),
    "getaddrinfo": (NETWORK, lambda: loop().getaddrinfo("localhost", 80)),
    "create_subprocess_exec": (PROCESSES, lambda: asyncio.create_subprocess_exec("true")),
    "create_subprocess_shell": (PROCESSES, lambda: asyncio.create_subprocess_shell("true")),
    "add_reader": ("files and pipes", lambda: loop().add_reader(0, print)),
    "add_signal_handler": (
        "signals of the operating system",
        lambda: loop().add_signal_handler(signal.SIGHUP, print),
    ),
    "run_until_complete": ("a second event loop", lambda: loop().run_until_complete(step("x"))),
}
PLAIN: dict[str, tuple[str, Callable[[], Any]]] = {
    "Thread": (THREADS, lambda: threading.Thread(target=print).start()),
    "Timer": (THREADS, lambda: threading.Timer(0, print).start()),
    "ThreadPoolExecutor": (THREADS, lambda: ThreadPoolExecutor(1).submit(print)),
    "socket": (NETWORK, socket.socket),
    "create_connection": (NETWORK, lambda: socket.create_connection(("127.0.0.1", 9))),
    "gethostbyname": (NETWORK, lambda: socket.gethostbyname("localhost")),
    "urlopen": (NETWORK, lambda: urllib.request.urlopen("http://127.0.0.1:9")),
    "run": (PROCESSES, lambda: subprocess.run([sys.executable], check=True)),
    "system": (PROCESSES, lambda: os.system("true")),  # noqa: S605, S607
    "fork": (PROCESSES, os.fork),
    "Process": (PROCESSES, lambda: multiprocessing.Process(target=print).start()),
}


@pytest.mark.parametrize(("what", "use"), ASYNCIO.values(), ids=ASYNCIO)
def test_of_asyncio(begin: Begin, what: str, use: Callable[[], Any]) -> None:
    @flow
    async def wandering() -> None:
        made = use()
        if made is not None:
            await made

    assert_refused(begin(wandering), what)


@pytest.mark.parametrize(("what", "use"), PLAIN.values(), ids=PLAIN)
def test_of_everything_else(begin: Begin, what: str, use: Callable[[], Any]) -> None:
    @flow
    async def wandering() -> None:
        use()

    assert_refused(begin(wandering), what)


@pytest.mark.parametrize(("what", "use"), PLAIN.values(), ids=PLAIN)
def test_in_a_def_workflow(begin: Begin, what: str, use: Callable[[], Any]) -> None:
    @flow
    def wandering() -> None:
        use()

    assert_refused(begin(wandering), what)


def assert_refused(history: Any, what: str) -> None:
    reason, details = history.failure()
    assert f"a workflow cannot use {what}: its code is replayed" in reason
    assert "put this into an activity and await that" in reason
    assert details["details"]["type"] == "UnsupportedInWorkflow"


def test_nothing_of_asyncios_loops_is_forgotten() -> None:
    made = WorkflowLoop(None)
    for name in vars(asyncio.AbstractEventLoop):
        ours = getattr(WorkflowLoop, name)
        if not name.startswith("_") and ours is getattr(asyncio.AbstractEventLoop, name):
            pytest.fail(f"{name} would raise NotImplementedError")
    with pytest.raises(UnsupportedInWorkflow):
        made.run_forever()


# Who may.


def test_what_is_not_a_workflows_code_may(begin: Begin) -> None:
    @cached
    def looked_up() -> int:
        with socket.socket() as connection:
            threading.Thread(target=int).start()
            return connection.fileno()

    @flow
    async def looking() -> bool:
        return looked_up() >= 0

    assert begin(looking).result() is True
    socket.socket().close()
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_what_logs_may_send_its_lines(begin: Begin) -> None:
    log = logging.getLogger("wandering")
    with socket.create_server(("127.0.0.1", 0)) as server:
        handler = logging.handlers.SocketHandler(*server.getsockname())
        log.addHandler(handler)

        @flow
        async def logging_it() -> None:
            log.error("here")

        begin(logging_it).decide()
        connected, _ = server.accept()
        with connected:
            assert b"here" in connected.recv(10_000)
        log.removeHandler(handler)
        handler.close()


def test_what_is_imported_may_look_around(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looking_around.py").write_text("import socket\nsocket.socket().close()\n")
    monkeypatch.syspath_prepend(tmp_path)

    @flow
    async def importing() -> str:
        import looking_around  # noqa: PLC0415

        return str(looking_around.__name__)

    assert begin(importing).result() == "looking_around"
    del sys.modules["looking_around"]
