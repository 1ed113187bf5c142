import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import UUID

import pytest
import uvicorn

from harness.tus_client import TusClient, token_of
from harness.users import add_user
from vib.popeye.http.server import build
from vib.services import Services


@pytest.fixture
def context(shared_context: Services) -> Services:
    """What the Popeye works with."""
    return shared_context


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


@pytest.fixture(scope="module")
def popeye(shared_context: Services) -> Iterator[str]:
    """Where the Popeye listens."""
    with serving(shared_context) as (_, url):
        yield url


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


@pytest.fixture
def client(context: Services, popeye: str, user_id: UUID) -> TusClient:
    """A client with the token of a user."""
    return TusClient(popeye, token_of(context, user_id))
