"""Fixtures that tests of several packages share."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import av
import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from harness.swf_server import SwfServer
from harness.tiny_video import write_tiny_video
from vib.db import migrate
from vib.local.database import embedded_postgres
from vib.local.receiver import Receiver, receiver
from vib.local.sample import make_sample
from vib.registry import ACTIVITIES, WORKFLOWS
from vib.services import Services, services
from vib.video.samples import SampleWriter

pytest_plugins = ["harness.swf_coverage"]

SECRET = "of these tests only"  # noqa: S105
FACEBOOK_KEYS = "dGhlIGtleSBvZiB0aGVzZSB0ZXN0cywgb2Ygbm8gdXM="
UPLOAD_SECRET = "of these tests only, and as long as it has to be"  # noqa: S105


@pytest.fixture(scope="session")
def open_swf_server() -> Callable[..., AbstractContextManager[SwfServer]]:
    """Opens an SWF service over HTTP on a data file, with options, for a `with` statement."""
    return lambda data, *options: contextlib.closing(SwfServer(data, *options))


@pytest.fixture
def swf_server(
    open_swf_server: Callable[..., AbstractContextManager[SwfServer]], tmp_path: Path
) -> Iterator[SwfServer]:
    """A fresh SWF service over HTTP."""
    with open_swf_server(tmp_path / "swf.db") as server:
        yield server


@pytest.fixture(scope="session")
def sample_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of two people with cuts, motion and sound; read it, do not change it."""
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    make_sample(path)
    return path


@pytest.fixture(scope="session")
def sample_frames(sample_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sampled frames of that video, as Transcode writes them for FaceDetect."""
    path = tmp_path_factory.mktemp("frames") / "samples.mkv"
    with av.open(str(sample_video)) as video, SampleWriter(path, 1280, 720) as writer:
        for frame in video.decode(video=0):
            writer.offer(frame, frame.time)
    return path


@pytest.fixture(scope="session")
def tiny_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of one second and few bytes; read it, do not change it."""
    return write_tiny_video(tmp_path_factory.mktemp("tiny") / "tiny.mp4")


@pytest.fixture
def postgres_folder() -> Iterator[Path]:
    """A folder for a PostgreSQL server.

    Not under pytest's own: every run that starts closes that to other users, and for root the
    server runs as one.
    """
    with TemporaryDirectory(prefix="vib-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database with every table, on a PostgreSQL server of this test run."""
    with (
        TemporaryDirectory(prefix="vib-test-", ignore_cleanup_errors=True) as folder,
        embedded_postgres(Path(folder) / "data") as url,
    ):
        engine = create_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield url


@contextlib.contextmanager
def fresh_database(postgres: str) -> Iterator[Engine]:
    """A database of one's own, with every table."""
    name = f"test_{uuid4().hex}"
    server = make_url(postgres)
    administrator = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {server.database}"))
        engine = create_engine(server.set(database=name))
        yield engine
        engine.dispose()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administrator.dispose()


@pytest.fixture(scope="session")
def open_database(postgres: str) -> Callable[[], AbstractContextManager[Engine]]:
    """Opens a database of one's own, for a `with` statement."""
    return lambda: fresh_database(postgres)


@pytest.fixture
def database(open_database: Callable[[], AbstractContextManager[Engine]]) -> Iterator[Engine]:
    """A database of this test's own, with every table."""
    with open_database() as engine:
        yield engine


@pytest.fixture
def web() -> Iterator[Receiver]:
    """The web application."""
    with receiver(SECRET) as web:
        yield web


@contextlib.contextmanager
def serving_all(
    folder: Path, database: Engine, swf: SwfServer, web: Receiver
) -> Iterator[Services]:
    """The services of a pipeline without processes, which this process's environment names."""
    for name in ("scratch", "allowed"):
        (folder / name).mkdir()
    settings = {
        "VIB_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "VIB_STORAGE_FOLDER": str(folder / "storage"),
        "VIB_SCRATCH_FOLDER": str(folder / "scratch"),
        "VIB_PROCESS_FOLDER": str(folder / "allowed"),
        "VIB_SWF_ENDPOINT_URL": swf.endpoint_url,
        "VIB_SWF_REGION": "us-east-1",
        "VIB_NOTIFY_URL": web.url,
        "VIB_NOTIFY_SECRET": SECRET,
        "VIB_UPLOAD_SECRET": UPLOAD_SECRET,
        "VIB_FACEBOOK_KEYS": FACEBOOK_KEYS,
        "VIB_UPLOAD_ORIGINS": '["https://web.example.org"]',
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        services.cache_clear()
        context = services()
        context.swf.register(*WORKFLOWS, *ACTIVITIES, retention=timedelta(days=1))
        yield context
        context.engine.dispose()
        services.cache_clear()


@pytest.fixture
def context(
    tmp_path: Path, database: Engine, swf_server: SwfServer, web: Receiver
) -> Iterator[Services]:
    """The services of a pipeline without processes; activities that are called use them too."""
    with serving_all(tmp_path, database, swf_server, web) as context:
        yield context


@pytest.fixture(scope="module")
def shared_web() -> Iterator[Receiver]:
    """The web application of `shared_context`."""
    with receiver(SECRET) as web:
        yield web


@pytest.fixture(scope="module")
def shared_context(
    tmp_path_factory: pytest.TempPathFactory,
    open_database: Callable[[], AbstractContextManager[Engine]],
    open_swf_server: Callable[..., AbstractContextManager[SwfServer]],
    shared_web: Receiver,
) -> Iterator[Services]:
    """The same for all tests of a file, which are much quicker: each has a user of its own."""
    folder = tmp_path_factory.mktemp("shared")
    with (
        open_database() as database,
        open_swf_server(folder / "swf.db") as swf,
        serving_all(folder, database, swf, shared_web) as context,
    ):
        yield context
