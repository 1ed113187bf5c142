"""Histories, page by page, wherever their events are."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localswf.store.history import History, RecentEvents, Span
from localswf.store.journal import Journal


@pytest.fixture(scope="module")
def journal() -> Iterator[Journal]:
    """One in memory, which is written to disk when it is told to."""
    journal = Journal(None, grouped=False)
    yield journal
    journal.release()


NUMBERS = itertools.count(1)


def events(history: History, count: int) -> list[str]:
    """The next events of a history."""
    return [str(history.length + number) for number in range(1, count + 1)]


@given(st.data(), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_pages_are_the_span_in_pieces(
    journal: Journal, data: st.DataObject, length: int, size: int, reverse: bool
) -> None:
    history = History(journal, next(NUMBERS))
    on_disk_only = data.draw(st.integers(0, length))
    history.append(events(history, on_disk_only))
    journal.durable(lambda _: None)
    history.forget()
    history.append(events(history, length - on_disk_only))
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))

    rest: Span | None = Span(first, last, reverse)
    pages = []
    while rest is not None:
        page, rest = rest.page(history, size)
        pages.append(page)

    assert all(len(page) == size for page in pages[:-1])
    assert 1 <= len(pages[-1]) <= size
    wanted = [str(event_id) for event_id in range(first, last + 1)]
    assert list(itertools.chain(*pages)) == (wanted[::-1] if reverse else wanted)


def test_histories_that_were_not_used_for_longest_are_left_to_the_disk(journal: Journal) -> None:
    recent = RecentEvents(journal, room=10)
    first, second, third = (History(journal, next(NUMBERS)) for _ in range(3))
    for history in (first, second, first):
        recent.append(history, ["1234"])
        journal.durable(lambda _: None)

    assert (first.size, second.size) == (8, 0)
    recent.append(third, ["1234"])
    assert (first.size, third.size) == (0, 4)
    assert [history.between(1, history.length) for history in (first, second, third)] == [
        ["1234", "1234"],
        ["1234"],
        ["1234"],
    ]


def test_what_is_not_on_disk_yet_stays_in_memory(journal: Journal) -> None:
    recent = RecentEvents(journal, room=3)
    history = History(journal, next(NUMBERS))

    recent.append(history, ["1234"])
    assert (history.size, history.between(1, 1)) == (4, ["1234"])
    journal.durable(lambda _: None)
    recent.append(history, ["5678"])
    assert (history.size, history.between(1, 2)) == (8, ["1234", "5678"])


def test_a_history_that_ends_gives_its_room_back(journal: Journal) -> None:
    recent = RecentEvents(journal, room=8)
    ended, other = (History(journal, next(NUMBERS)) for _ in range(2))
    for history in (ended, other):
        recent.append(history, ["1234"])
    journal.durable(lambda _: None)

    recent.forget(ended)
    recent.append(other, ["1234"])

    assert (ended.size, other.size) == (0, 8)
