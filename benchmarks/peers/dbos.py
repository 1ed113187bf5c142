"""DBOS on SQLite, as shipped or with a write-ahead log: workflows and steps in one process."""

import asyncio
import sys
from pathlib import Path

import pysqlite3

sys.modules["sqlite3"] = pysqlite3  # DBOS needs a newer SQLite than many systems have

from dbos import DBOS, DBOSConfig  # noqa: E402 - it has to find the other SQLite

from benchmarks.session import serve  # noqa: E402


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


async def main(folder: Path, wal: bool) -> None:
    """Serve workloads; the data file is in `folder`."""
    path = folder / "dbos.sqlite"
    if wal:
        connection = pysqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")  # the file keeps it
        connection.close()
    config: DBOSConfig = {
        "name": "benchmark",
        "system_database_url": f"sqlite:///{path}",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    await serve(adding)
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), "--wal" in sys.argv))
