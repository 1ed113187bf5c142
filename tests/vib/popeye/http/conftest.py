import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
import uvicorn

from harness.tus_client import TusClient, token_of
from harness.users import add_user
from vib.db.models import Upload
from vib.popeye import uploads
from vib.popeye.http.server import build
from vib.services import Services

LENGTH = 10  # bytes of `path`


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


@pytest.fixture
def path(client: TusClient) -> str:
    """An upload of ten bytes."""
    return client.create(LENGTH)


def offset(client: TusClient, path: str) -> int:
    return int(client.head(path).headers["Upload-Offset"])


def row(context: Services, path: str) -> Upload:
    with context.sessions() as session:
        return session.get_one(Upload, UUID(path.rpartition("/")[2]))


def stored(context: Services, path: str) -> list[str]:
    """The keys of what has arrived."""
    return list(context.storage.keys(path.lstrip("/")))


def content(context: Services, path: str, folder: Path) -> bytes:
    """What has arrived of an upload that is complete."""
    uploads.assemble(context, row(context, path), folder / "assembled")
    return (folder / "assembled").read_bytes()
