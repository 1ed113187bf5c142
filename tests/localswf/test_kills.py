"""Killed at random moments under load, hundreds of times: the oracle finds nothing amiss.

LOCALSWF_KILLS is how many times (300), LOCALSWF_SEED what chance begins with.
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from random import Random

import pytest

from harness.forked_server import ForkedServer, forked_server
from harness.load import Load
from localswf.offline.check import check

KILLS = int(os.environ.get("LOCALSWF_KILLS", "300"))
SEED = int(os.environ.get("LOCALSWF_SEED", time.time_ns() % 1_000_000))
KILLS_A_FILE = 30


@pytest.mark.slow
@pytest.mark.timeout(300 + KILLS)
def test_sigkill_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    print(f"LOCALSWF_SEED={SEED}")  # noqa: T201 - to have the same chance again
    asyncio.run(kill_often(tmp_path, Random(SEED)))  # noqa: S311 - chance, no secret


async def kill_often(folder: Path, random: Random) -> None:
    answers = 0
    async with forked_server(folder / "log") as server:
        for number in range(0, KILLS, KILLS_A_FILE):
            data = folder / f"{number}.db"
            load = Load(random)
            await kill_on_one_file(server, data, load, random, min(KILLS_A_FILE, KILLS - number))
            check(data)
            answers += load.ledger.answers
    print(f"{KILLS} kills, {answers} acknowledged requests")  # noqa: T201 - the figure


async def kill_on_one_file(
    server: ForkedServer, data: Path, load: Load, random: Random, kills: int
) -> None:
    await server.fork(data)
    load.port = await server.ready()
    await load.register()
    async with asyncio.TaskGroup() as group:
        actors = [group.create_task(actor) for actor in load.actors()]
        for _ in range(kills):
            load.up.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(load.ledger.after(random.randint(1, 80)).wait(), 1)
            await asyncio.sleep(random.uniform(0, 0.01))
            load.up.clear()
            await server.kill()
            while random.random() < 0.1:
                await kill_while_it_starts(server, data, random)
            if random.random() < 0.02:
                await asyncio.sleep(1.2)  # Timers come due.
            await server.fork(data)
            load.port = await server.ready()
            await load.check()
        for actor in actors:
            actor.cancel()
    # From the file, not from what an earlier look showed.
    load.ledger.forget_histories()
    await load.check()
    await server.kill()


async def kill_while_it_starts(server: ForkedServer, data: Path, random: Random) -> None:
    await server.fork(data)
    await asyncio.sleep(random.uniform(0, 0.04))
    await server.kill()
