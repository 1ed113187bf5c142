"""DBOS on SQLite, as shipped or with a write-ahead log, or on PostgreSQL: steps in one process."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pysqlite3

sys.modules["sqlite3"] = pysqlite3  # DBOS needs a newer SQLite than many systems have

from dbos import DBOS, DBOSConfig  # noqa: E402 - it has to find the other SQLite

from benchmarks.servers import free_port, server  # noqa: E402
from benchmarks.session import serve  # noqa: E402

_ROOT = 0
_NOBODY = "nobody"


@DBOS.step()
async def add(value: int) -> int:
    """Add 1."""
    return value + 1


@DBOS.workflow()
async def adding(activities: int, parallel: bool) -> int:
    """Run a chain of steps, or many at once, and return what they add up to."""
    if parallel:
        return sum(await asyncio.gather(*(add(0) for _ in range(activities))))
    value = 0
    for _ in range(activities):
        value = await add(value)
    return value


def sqlite(path: Path, *, wal: bool) -> str:
    """The URL of a file, set to a write-ahead log if wanted."""
    if wal:
        connection = pysqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")  # the file keeps it
        connection.close()
    return f"sqlite:///{path}"


@contextlib.contextmanager
def postgres(program: Path, folder: Path) -> Iterator[str]:
    """A server with its own defaults, which are durable; gives the URL of a database on it."""
    # Root may not run it.
    user = _NOBODY if os.geteuid() == _ROOT else None
    folder.mkdir()
    if user is not None:
        shutil.chown(folder, user)
    initialise = [program.with_name("initdb"), "-D", folder, "-U", "dbos", "--auth=trust"]
    subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, user=user)
    port = free_port()
    # A socket in its folder could have too long a path.
    listen = ["-h", "127.0.0.1", "-p", str(port), "-k", ""]
    with server([str(program), "-D", str(folder), *listen], port, user=user):
        yield f"postgresql://dbos@127.0.0.1:{port}/dbos"


async def main(url: str) -> None:
    """Serve workloads, with the data at this URL."""
    config: DBOSConfig = {
        "name": "benchmark",
        "system_database_url": url,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    await serve(adding)
    DBOS.destroy()


if __name__ == "__main__":
    folder, *more = sys.argv[1:]
    if more and more != ["--wal"]:
        with postgres(Path(more[0]), Path(folder) / "postgres") as url:
            asyncio.run(main(url))
    else:
        asyncio.run(main(sqlite(Path(folder) / "dbos.sqlite", wal="--wal" in more)))
