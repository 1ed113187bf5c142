"""A write-ahead log torn by a crash gives what was acknowledged; a damaged one is refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from localswf.store.datafile import DataFileError
from localswf.store.journal import Journal
from localswf.store.records import StoredExecution

RUN = StoredExecution(1, "videos", "video", "22run", "Process", "1", 1, None, None, "{}")
COMMITS = 8
FRAME = 24 + 4096


class Crashed:
    """What a crash leaves after some commits of an event each.

    Attributes:
        path: the data file; its log is beside it.
        ends: how long the log was after each commit.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "crashed.db"
        self.log = folder / "crashed.db-wal"
        running = folder / "running.db"
        journal = Journal(running, grouped=False)
        journal.add_execution(RUN, ())
        journal.durable(lambda _: None)
        self.ends = []
        for number in range(1, COMMITS + 1):
            # Some transactions have one page, some several, the last one many.
            length = 30_000 if number == COMMITS else 1 if number % 2 else 9000
            journal.add_events(1, number, [f"{number}" * length])
            journal.durable(lambda _: None)
            self.ends.append(running.with_name("running.db-wal").stat().st_size)
        self.events = journal.all_events(1)
        shutil.copy(running, self.path)
        shutil.copy(running.with_name("running.db-wal"), self.log)
        journal.release()
        self._content = self.path.read_bytes()
        self.bytes = self.log.read_bytes()

    def opened_with(self, log: bytes) -> list[str]:
        """The events there are if the log looks like this.

        Raises:
            DataFileError: the file is refused.
        """
        self.write(log)
        journal = Journal(self.path, grouped=False)
        try:
            return journal.all_events(1)
        finally:
            journal.release()

    def write(self, log: bytes) -> None:
        """Put the data file there as it was, and this log beside it."""
        self.path.write_bytes(self._content)
        self.log.write_bytes(log)

    def last_frames(self) -> range:
        """Where the frames of the last transaction begin."""
        return range(self.ends[-2], self.ends[-1], FRAME)

    def flipped(self, at: int, bit: int) -> bytes:
        """The log with another bit."""
        return self.bytes[:at] + bytes([self.bytes[at] ^ 1 << bit]) + self.bytes[at + 1 :]


def end_of_transaction(log: bytes, at: int) -> int:
    """Where the transaction with this byte ends: a frame that commits says so in its header."""
    start = 32 + (at - 32) // FRAME * FRAME
    while not any(log[start + 4 : start + 8]):
        start += FRAME
    return start + FRAME


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    return Crashed(tmp_path_factory.mktemp("crashed"))


def some_offsets(end: int, count: int) -> Iterator[int]:
    """Offsets up to `end`: around every frame's start and end, and anywhere."""
    for start in range(32, end + 1, FRAME):
        yield from (start - 1, start)
    random = Random(end)  # noqa: S311 - chance, no secret
    yield from (random.randrange(end) for _ in range(count))


@pytest.mark.slow
def test_a_log_that_ends_anywhere_gives_the_commits_before_its_end(crashed: Crashed) -> None:
    for length in some_offsets(len(crashed.bytes), 50):
        whole = sum(1 for end in crashed.ends if end <= length)
        assert crashed.opened_with(crashed.bytes[:length]) == crashed.events[:whole]


def test_a_last_transaction_that_is_there_in_parts_is_left_out(crashed: Crashed) -> None:
    assert len(crashed.last_frames()) > 2
    for start in crashed.last_frames():
        for hole in (bytes(FRAME), b"\xff" * FRAME, bytes(512)):
            torn = crashed.bytes[:start] + hole + crashed.bytes[start + len(hole) :]
            assert crashed.opened_with(torn) == crashed.events[:-1]


def test_a_crash_after_a_crash_gives_what_was_acknowledged(crashed: Crashed) -> None:
    """What the first crash tore does not make a damaged log of what the second one leaves."""
    torn = bytearray(crashed.bytes)
    start = crashed.last_frames()[0]
    torn[start : start + FRAME] = bytes(FRAME)
    crashed.write(bytes(torn))
    journal = Journal(crashed.path, grouped=False)
    journal.add_events(1, COMMITS, ["again"])
    journal.durable(lambda _: None)
    journal.add_events(1, COMMITS + 1, ["x" * 5000])
    journal.durable(lambda _: None)
    copy = crashed.path.with_name("copy.db")
    shutil.copy(crashed.path, copy)
    log = bytearray(crashed.log.read_bytes())
    next_frame = end_of_transaction(log, log.index(b"again"))
    log[next_frame : next_frame + FRAME] = bytes(FRAME)
    copy.with_name("copy.db-wal").write_bytes(log)
    journal.release()

    again = Journal(copy, grouped=False)
    assert again.all_events(1) == [*crashed.events[:-1], "again"]
    again.release()


@pytest.mark.slow
def test_a_log_damaged_before_its_last_transactions_is_refused_and_kept(crashed: Crashed) -> None:
    random = Random(1)  # noqa: S311 - chance, no secret
    for at in some_offsets(crashed.ends[-3] - 25, 100):
        log = crashed.flipped(at, random.randrange(8))
        for _ in range(2):
            with pytest.raises(DataFileError, match=r"crashed\.db-wal is damaged"):
                crashed.opened_with(log)
            assert crashed.log.read_bytes() == log


@pytest.mark.slow
def test_a_log_damaged_anywhere_gives_nothing_but_what_was_acknowledged(crashed: Crashed) -> None:
    """What cannot be told from a crash is damage to the very last transactions."""
    random = Random(2)  # noqa: S311 - chance, no secret
    for at in some_offsets(len(crashed.bytes) - 25, 100):
        try:
            events = crashed.opened_with(crashed.flipped(at, random.randrange(8)))
        except DataFileError:
            continue
        assert at > crashed.ends[-3]
        assert events in (crashed.events[:-1], crashed.events[:-2])


def test_what_lies_where_the_log_should_be(crashed: Crashed) -> None:
    for junk in (b"eggs, flour, milk\n" * 100, bytes(5000)):
        with pytest.raises(DataFileError, match="is damaged"):
            crashed.opened_with(junk)
    crashed.log.unlink()
    crashed.log.mkdir()
    with pytest.raises(DataFileError, match=r"crashed\.db-wal cannot be read: Is a directory"):
        Journal(crashed.path, grouped=False)
    crashed.log.rmdir()


def test_the_index_of_the_log_is_made_anew_whatever_is_in_it(crashed: Crashed) -> None:
    index = crashed.path.with_name("crashed.db-shm")
    for junk in (b"", b"\xff" * 32768, bytes(100)):
        index.write_bytes(junk)
        assert crashed.opened_with(crashed.bytes) == crashed.events
