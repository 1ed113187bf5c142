"""Whenever a crash comes, a prefix of what was written is on disk, with all acknowledged."""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from localswf.store import committer
from localswf.store.journal import Journal

EXECUTIONS = 3
WRITERS = 5


class Moment(NamedTuple):
    """A crash that might have been: how much was acknowledged, and the log after that."""

    acknowledged: int
    log: bytes


class Writing:
    """Writers that share a journal; the n-th event they write together says so."""

    def __init__(self, path: Path, random: Random) -> None:
        self.path = path
        self.moments: list[Moment] = []
        self._random = random
        self._numbers = itertools.count(1)
        self._acknowledged = 0

    async def run(self) -> None:
        """Write a while, and copy the log at any moment, amid commits too."""
        journal = Journal(self.path, grouped=True)
        shutil.copy(self.path, self.path.with_name("crashed.db"))
        writers = [asyncio.create_task(self._write(journal)) for _ in range(WRITERS)]
        log = self.path.with_name("swf.db-wal")
        while not all(writer.done() for writer in writers):
            acknowledged = self._acknowledged
            self.moments.append(Moment(acknowledged, log.read_bytes()))
            await asyncio.sleep(self._random.uniform(0, 0.003))
        await asyncio.gather(*writers)
        self.moments.append(Moment(self._acknowledged, log.read_bytes()))
        await journal.close()

    async def _write(self, journal: Journal) -> None:
        for _ in range(20):
            for _ in range(self._random.randint(1, 3)):
                number = next(self._numbers)
                execution, event_id = number % EXECUTIONS, number // EXECUTIONS
                journal.add_events(execution, event_id, ["x" * self._random.choice([9, 9000])])
            done = asyncio.get_running_loop().create_future()
            journal.durable(partial(self._acknowledge, number, done))
            await done

    def _acknowledge(
        self, number: int, done: "asyncio.Future[None]", error: BaseException | None
    ) -> None:
        assert error is None
        self._acknowledged = max(self._acknowledged, number)
        done.set_result(None)

    def after_crashes(self) -> Iterator[tuple[int, set[int]]]:
        """For each moment, how much was acknowledged and the numbers that are on disk."""
        crashed = self.path.with_name("crashed.db")
        content = crashed.read_bytes()
        for acknowledged, log in self.moments:
            crashed.write_bytes(content)
            crashed.with_name("crashed.db-wal").write_bytes(log)
            journal = Journal(crashed, grouped=False)
            try:
                yield acknowledged, numbers_in(journal)
            finally:
                journal.release()


def numbers_in(journal: Journal) -> set[int]:
    rows = journal._reader.execute("SELECT execution, last_id, events FROM events")
    return {
        (last_id - before) * EXECUTIONS + execution
        for execution, last_id, events in rows
        for before in range(events.count("\n") + 1)
    }


@pytest.mark.parametrize("quick", [-1.0, committer.QUICK], ids=["in the thread", "at once"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_on_disk_is_a_prefix_with_all_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, quick: float
) -> None:
    monkeypatch.setattr(committer, "QUICK", quick)
    writing = Writing(tmp_path / "swf.db", Random(seed))  # noqa: S311 - chance, no secret
    asyncio.run(writing.run())

    found = list(writing.after_crashes())

    assert len({len(numbers) for _, numbers in found}) > 5
    for acknowledged, numbers in found:
        assert numbers == set(range(1, len(numbers) + 1))
        assert len(numbers) >= acknowledged
