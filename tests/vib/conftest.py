from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from vib.db import migrate
from vib.local.database import embedded_postgres
from vib.local.sample import make_sample


@pytest.fixture(scope="session")
def sample_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of two people with cuts, motion and sound; read it, do not change it."""
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    make_sample(path)
    return path


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database with every table, on a PostgreSQL server of this test run."""
    with embedded_postgres(tmp_path_factory.mktemp("postgres") / "data") as url:
        engine = create_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[Engine]:
    """A database of this test's own, without tables."""
    yield from _database(postgres, "template1")


@pytest.fixture
def database(postgres: str) -> Iterator[Engine]:
    """A database of this test's own, with every table."""
    yield from _database(postgres, make_url(postgres).database or "")


def _database(server: str, template: str) -> Iterator[Engine]:
    name = f"test_{uuid4().hex}"
    administrator = create_engine(
        make_url(server).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with administrator.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine = create_engine(make_url(server).set(database=name))
        yield engine
        engine.dispose()
        connection.execute(text(f"DROP DATABASE {name}"))
    administrator.dispose()
