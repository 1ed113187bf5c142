"""Who makes the commits: the event loop on a quick disk, a thread on a slow one."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from localswf.store import committer
from localswf.store.committer import Committer


class Disk:
    """Notes by whom each batch is committed: by the event loop, or not."""

    def __init__(self) -> None:
        self.here: list[bool] = []
        self.error: BaseException | None = None
        self.committer: Committer[int] = Committer(self._commit)

    def _commit(self, _batch: int) -> None:
        self.here.append(threading.current_thread() is threading.main_thread())
        if self.error is not None:
            raise self.error

    def commit(self, batch: int) -> BaseException | None:
        """Commit a batch; what kept it from the disk."""

        async def committed() -> BaseException | None:
            told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
            self.committer.commit(batch, told.set_result)
            return await told

        return asyncio.run(committed())


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.committer.stop()


def test_on_a_quick_disk_the_loop_commits_by_itself(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "QUICK", 60.0)
    assert [disk.commit(number) for number in range(3)] == [None] * 3
    assert disk.here == [True] * 3


def test_on_a_slow_disk_a_thread_commits_until_the_disk_is_quick_again(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "QUICK", 0.0)  # the first one shows how slow it is
    assert [disk.commit(number) for number in range(3)] == [None] * 3
    monkeypatch.setattr(committer, "QUICK", 60.0)
    assert disk.commit(3) is None
    assert disk.here == [True, False, False, True]


@pytest.mark.parametrize("quick", [60.0, -1.0])
def test_what_keeps_a_commit_from_the_disk_is_told(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, quick: float
) -> None:
    monkeypatch.setattr(committer, "QUICK", quick)
    disk.error = OSError("full")
    assert disk.commit(1) is disk.error
    assert disk.here == [quick > 0]


def test_an_interruption_is_told_and_goes_on_to_the_program(disk: Disk) -> None:
    told: list[BaseException | None] = []
    disk.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        disk.committer.commit(1, told.append)
    assert told == [disk.error]
