from pathlib import Path
from uuid import UUID

import pytest

from harness.tus_client import TusClient, token_of
from harness.users import add_user
from vib.db.models import Upload
from vib.popeye import received
from vib.services import Services

LENGTH = 10  # bytes of `path`


@pytest.fixture
def context(shared_context: Services) -> Services:
    """What the Popeye works with."""
    return shared_context


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
    received.assemble(context, row(context, path), folder / "assembled")
    return (folder / "assembled").read_bytes()
