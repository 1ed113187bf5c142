import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
import uvicorn
from sqlalchemy import Engine

from harness.swf_server import SwfServer
from harness.tus_client import TusClient
from harness.users import add_user
from vib import services
from vib.popeye.http.server import build
from vib.popeye.http.tokens import Audience, issue
from vib.registry import WORKFLOWS
from vib.services import Services
from vib.settings import Settings

SECRET = "of these tests only, and as long as it has to be"  # noqa: S105


@pytest.fixture(scope="module")
def shared(
    open_database: Callable[[], AbstractContextManager[Engine]],
    open_swf_server: Callable[..., AbstractContextManager[SwfServer]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Services]:
    """What one Popeye for all tests of a file works with; each test has a user of its own."""
    folder = tmp_path_factory.mktemp("popeye")
    for name in ("scratch", "allowed"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        engine = stack.enter_context(open_database())
        swf = stack.enter_context(open_swf_server(folder / "swf.db"))
        settings = {
            "database_url": engine.url.render_as_string(hide_password=False),
            "storage_folder": folder / "storage",
            "scratch_folder": folder / "scratch",
            "process_folder": folder / "allowed",
            "swf_endpoint_url": swf.endpoint_url,
            "swf_region": "us-east-1",
            "notify_url": "http://127.0.0.1:9/",
            "notify_secret": "nobody is told anything",
            "upload_secret": SECRET,
            "upload_origins": ["https://web.example.org"],
        }
        context = services.build(Settings.model_validate(settings))
        context.swf.register(*WORKFLOWS, retention=timedelta(days=1))
        yield context
        context.engine.dispose()


@pytest.fixture
def context(shared: Services) -> Services:
    """What the Popeye works with."""
    return shared


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
def popeye(shared: Services) -> Iterator[str]:
    """Where the Popeye listens."""
    with serving(shared) as (_, url):
        yield url


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context, f"{uuid4()}@example.org")


@pytest.fixture
def client(popeye: str, user_id: UUID) -> TusClient:
    """A client with the token of a user."""
    return TusClient(popeye, token(user_id))


def token(user_id: UUID, audience: Audience = Audience.UPLOAD) -> str:
    return issue(SECRET, user_id, audience, timedelta(hours=1))
