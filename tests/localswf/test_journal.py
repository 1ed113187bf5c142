"""The journal, on real files."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localswf.store.datafile import DataFileError
from localswf.store.journal import Journal
from localswf.store.records import Heartbeat, StoredExecution

RUN = StoredExecution(1, "videos", "video", "22run", "Process", "1", 1, None, None, "{}")
CLOSED = RUN._replace(closed_at=2, close_status="COMPLETED")


async def durable(journal: Journal) -> BaseException | None:
    done: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.durable(done.set_result)
    return await done


def with_journal(path: Path | None, use: Callable[[Journal], Any], *, grouped: bool = True) -> Any:
    """What a coroutine made of an open journal; the journal is closed afterwards."""

    async def run() -> Any:
        journal = Journal(path, grouped=grouped)
        try:
            return await use(journal)
        finally:
            await journal.close()

    return asyncio.run(run())


def commits(path: Path) -> int:
    """How many transactions the write-ahead log has had: each one ends in a commit frame."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    page_size = int.from_bytes(log[8:12], "big")
    frames = [log[at : at + 24] for at in range(32, len(log), 24 + page_size)]
    return sum(1 for frame in frames if int.from_bytes(frame[4:8], "big"))


@pytest.mark.parametrize("grouped", [True, False])
def test_what_was_written_is_there_after_reopening(tmp_path: Path, *, grouped: bool) -> None:
    path = tmp_path / "swf.db"

    async def write(journal: Journal) -> bytes:
        journal.set_domain("videos", {"retention": "1"})
        journal.set_type("videos", "WorkflowType", "Process", "1", {"created": 5})
        journal.add_execution(RUN, ())
        journal.add_events(1, 1, ['{"eventId":1}', '{"eventId":2}', '{"eventId":3}'])
        journal.set_heartbeat(1, Heartbeat(5, 1000, "first"))
        journal.set_heartbeat(1, Heartbeat(5, 2000, "\ud800"))
        return journal.secret

    async def read(journal: Journal) -> None:
        assert journal.domains() == [("videos", {"retention": "1"})]
        assert journal.types() == [("videos", "WorkflowType", "Process", "1", {"created": 5})]
        events = ['{"eventId":1}', '{"eventId":2}', '{"eventId":3}']
        assert list(journal.open_histories()) == [(RUN, events)]
        assert journal.execution(1) == journal.execution_by_run("22run") == RUN
        assert journal.execution(2) is journal.execution_by_run("other") is None
        assert journal.all_events(1) == events
        assert journal.events(1, 2, 3) == events[1:]
        assert journal.last_event_id(1) == 3
        assert journal.heartbeats() == {1: [Heartbeat(5, 2000, "\ud800")]}
        assert journal.last_number() == 1
        assert journal.secret == secret

    secret = with_journal(path, write, grouped=grouped)
    with_journal(path, read, grouped=grouped)


def test_a_closed_execution_is_not_open_but_still_there(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        journal.add_execution(RUN, ())
        journal.set_heartbeat(1, Heartbeat(5, 1000, None))
        journal.close_execution(CLOSED, {"of": "it"})
        await durable(journal)
        assert list(journal.open_histories()) == []
        assert journal.execution(1) == CLOSED
        assert journal.description(1) == {"of": "it"}
        assert journal.heartbeats() == {}

    with_journal(tmp_path / "swf.db", use)


def test_a_history_with_a_hole_is_refused(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        journal.add_events(1, 1, ["{}"])
        await durable(journal)
        journal.add_events(1, 3, ["{}"])
        await durable(journal)
        with pytest.raises(DataFileError, match="number 1 before event 3 has changed"):
            journal.events(1, 1, 3)

    with_journal(tmp_path / "swf.db", use)


def test_any_part_of_a_history_is_read_however_it_was_committed(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        events = [str(event_id) for event_id in range(1, 401)]
        journal.add_events(1, 1, events[:3])
        await durable(journal)
        journal.add_events(1, 4, events[3:4])
        journal.add_events(1, 5, events[4:300])
        await durable(journal)
        journal.add_events(1, 301, events[300:])
        await durable(journal)

        assert journal.all_events(1) == events
        assert journal.last_event_id(1) == 400
        for first, last in itertools.combinations([1, 2, 3, 4, 5, 103, 104, 300, 301, 400], 2):
            assert journal.events(1, first, last) == events[first - 1 : last]
        for first, last in [(0, 3), (1, 401), (401, 401)]:
            with pytest.raises(
                DataFileError, match="the history of execution number 1 has changed"
            ):
                journal.events(1, first, last)

    with_journal(tmp_path / "swf.db", use)


def test_requests_of_one_moment_share_a_commit(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"

    async def use(journal: Journal) -> None:
        before = commits(path)
        journal.add_execution(RUN, ())
        waits = []
        for event_id in range(1, 101):
            journal.add_events(1, event_id, ["{}"])
            waits.append(durable(journal))
        assert await asyncio.gather(*waits) == [None] * 100
        assert commits(path) - before <= 2

    with_journal(path, use)


def test_requests_that_follow_each_other_share_a_commit(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"

    async def use(journal: Journal) -> None:
        journal.add_execution(RUN, ())
        await durable(journal)
        before = commits(path)
        for event_id in range(1, 4):
            journal.add_events(1, event_id, ["{}"])
            await asyncio.sleep(0)
        await durable(journal)
        assert commits(path) - before == 1

    with_journal(path, use)


def test_requests_without_end_do_not_keep_a_commit_waiting(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        journal.add_execution(RUN, ())
        first = asyncio.create_task(durable(journal))
        for event_id in range(1, 101):
            journal.add_events(1, event_id, ["{}"])
            await asyncio.sleep(0)
        assert first.done()

    with_journal(tmp_path / "swf.db", use)


def test_an_answer_waits_for_all_that_was_written_before_it(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        answered = []
        journal.add_execution(RUN, ())
        journal.durable(lambda _: answered.append("writer"))
        journal.durable(lambda _: answered.append("reader"))
        assert answered == []
        await durable(journal)
        assert answered == ["writer", "reader"]
        journal.durable(lambda _: answered.append("nothing new"))
        assert answered[-1] == "nothing new"

    with_journal(tmp_path / "swf.db", use)


def test_what_cannot_be_written_is_told_and_written_later(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"

    async def use(journal: Journal) -> None:
        journal._writer.create_function("refuse", 0, refuse)
        journal._writer.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON main.events BEGIN SELECT refuse(); END"
        )
        journal.add_execution(RUN, ())
        journal.add_events(1, 1, ["{}"])
        assert isinstance(await durable(journal), sqlite3.Error)
        assert journal.execution(1) is None

        journal._writer.execute("DROP TRIGGER temp.full")
        assert await durable(journal) is None
        assert journal.execution(1) == RUN
        assert journal.all_events(1) == ["{}"]

    def refuse() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with_journal(path, use)


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def test_the_log_is_written_anew_again_and_again_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"

    async def use(journal: Journal) -> None:
        sizes = []
        for number in range(1, 201):
            journal.add_events(1, number, ["x" * 100_000])
            await durable(journal)
            journal.events(1, number, number)
            sizes.append(log_size(path))
        assert max(sizes) < 6_000_000

    with_journal(path, use)


def test_a_log_that_one_large_commit_made_long_becomes_short_again(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"

    async def use(journal: Journal) -> None:
        journal.add_events(1, 1, ["x" * 100_000] * 300)
        await durable(journal)
        assert log_size(path) > 30_000_000
        for number in (301, 302):
            journal.add_events(1, number, ["{}"])
            await durable(journal)
        assert log_size(path) <= 16 * 1024 * 1024

    with_journal(path, use)


def test_a_file_is_open_once(tmp_path: Path) -> None:
    async def use(_journal: Journal) -> None:
        with pytest.raises(DataFileError, match="in use by another server"):
            Journal(tmp_path / "swf.db", grouped=False)

    with_journal(tmp_path / "swf.db", use)
    with_journal(tmp_path / "swf.db", durable)


def make_text(path: Path) -> None:
    path.write_text("This is a shopping list.\n" * 100)


def make_foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def make_newer(path: Path) -> None:
    with_journal(path, durable)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=3")
    connection.close()


def make_older(path: Path) -> None:
    with_journal(path, durable)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=1")
    connection.close()


def make_torn(path: Path) -> None:
    async def write(journal: Journal) -> None:
        journal.add_events(1, 1, ["x" * 1000] * 1000)

    with_journal(path, write)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            "secret SET value = randomblob(32) WHERE rowid = 1",
            "the secret of its tokens has changed",
        ),
        ("domains SET name = 'others'", "domain others has changed"),
        ("domains SET record = replace(record, '1', '2')", "domain videos has changed"),
        ("types SET version = '2'", "type Process of domain videos has changed"),
        ("types SET record = '{\"created\":6}'", "type Process of domain videos has changed"),
        ("events SET events = replace(events, '{', '[')", "execution number 1 up to event 2 has"),
        ("events SET events = CAST(events AS BLOB)", "execution number 1 up to event 2 has"),
        ("events SET last_id = 3", "history of execution number 1 up to event 3 has changed"),
        ("events SET checksum = checksum + 1", "execution number 1 up to event 2 has changed"),
        ("executions SET workflow_id = 'other'", "execution number 1 has changed"),
        ("executions SET closed_at = NULL", "execution number 1 has changed"),
        ("executions SET info = '[]'", "execution number 1 has changed"),
        ("descriptions SET description = '{}'", "the description of execution number 1 has"),
        ("heartbeats SET details = 'null'", "a heartbeat of execution number 1 has changed"),
        ("heartbeats SET timestamp = 0", "a heartbeat of execution number 1 has changed"),
    ],
)
def test_a_row_that_was_changed_is_refused(tmp_path: Path, change: str, sentence: str) -> None:
    path = tmp_path / "swf.db"

    async def write(journal: Journal) -> None:
        journal.set_domain("videos", {"retention": "1"})
        journal.set_type("videos", "WorkflowType", "Process", "1", {"created": 5})
        journal.add_execution(RUN, ())
        journal.close_execution(CLOSED, {"of": "it"})
        journal.add_events(1, 1, ["{}", "{}"])
        journal.set_heartbeat(1, Heartbeat(5, 1000, "half"))

    async def read(journal: Journal) -> None:
        journal.domains()
        journal.types()
        journal.execution(1)
        journal.description(1)
        journal.all_events(1)
        journal.heartbeats()

    with_journal(path, write)
    with_journal(path, read)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE {change}")
    connection.commit()
    connection.close()
    with pytest.raises(DataFileError, match=sentence):
        with_journal(path, read)


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (make_text, "damaged or no data file"),
        (make_foreign, "the file of another program"),
        (make_newer, "has format 3, this program writes format 2"),
        (make_older, "has format 1, this program writes format 2"),
        (make_torn, "damaged or no data file"),
        (make_folder, "cannot be opened"),
    ],
)
def test_a_file_that_will_not_do(
    tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "swf.db"
    make(path)
    for _ in range(2):
        with pytest.raises(DataFileError, match=sentence) as caught:
            Journal(path, grouped=False)
        assert str(path) in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be opened: No such file or directory"):
        Journal(tmp_path / "nowhere" / "swf.db", grouped=False)
