import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from vib.popeye.http.server import build
from vib.services import Services


@contextmanager
def serving(context: Services) -> Iterator[tuple[uvicorn.Server, str]]:
    """A Popeye in this process, and where it listens."""
    server = build(context)
    server.config.port = 0
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
