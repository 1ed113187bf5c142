"""Tasks and pollers meet."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from localswf.engine.task_lists import Task, TaskLists

KEY = ("videos", "workers")


@dataclass(eq=False)
class Poller:
    name: str
    gone: bool = False

    def alive(self) -> bool:
        return not self.gone


class Meeting:
    """Task lists that note who was given what."""

    def __init__(self) -> None:
        self.given: list[tuple[str, int]] = []
        self.lists: TaskLists[Poller] = TaskLists(self._give)
        self.run: Any = SimpleNamespace(waiting={})

    def task(self, number: int, priority: int = 0) -> Task:
        return Task(self.lists, self.run, number, KEY, priority)

    def _give(self, poller: Poller, task: Task) -> None:
        self.given.append((poller.name, task.scheduled_id))


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def test_a_task_waits_for_a_poller(meeting: Meeting) -> None:
    meeting.lists.offer(meeting.task(1))
    assert list(meeting.run.waiting) == [1]

    assert meeting.lists.poll(KEY, Poller("a"))

    assert meeting.given == [("a", 1)]
    assert meeting.run.waiting == {}


def test_a_poller_waits_for_a_task(meeting: Meeting) -> None:
    assert not meeting.lists.poll(KEY, Poller("a"))
    assert not meeting.lists.poll(KEY, Poller("b"))

    for number in (1, 2, 3):
        meeting.lists.offer(meeting.task(number))

    assert meeting.given == [("a", 1), ("b", 2)]
    assert list(meeting.run.waiting) == [3]


def test_a_poller_that_is_gone_gets_no_task(meeting: Meeting) -> None:
    meeting.lists.poll(KEY, Poller("hung up", gone=True))
    meeting.lists.poll(KEY, Poller("there"))

    meeting.lists.offer(meeting.task(1))

    assert meeting.given == [("there", 1)]


def test_a_poller_that_left_gets_no_task(meeting: Meeting) -> None:
    poller = Poller("a")
    meeting.lists.poll(KEY, poller)
    meeting.lists.leave(KEY, poller)
    meeting.lists.leave(KEY, poller)

    meeting.lists.offer(meeting.task(1))

    assert meeting.given == []


def test_a_task_that_is_withdrawn_goes_to_nobody(meeting: Meeting) -> None:
    first, second = meeting.task(1), meeting.task(2)
    meeting.lists.offer(first)
    meeting.lists.offer(second)

    meeting.lists.withdraw(first)
    meeting.lists.poll(KEY, Poller("a"))

    assert meeting.given == [("a", 2)]


def test_priorities(meeting: Meeting) -> None:
    for number, priority in ((1, 0), (2, 5), (3, 5), (4, -5)):
        meeting.lists.offer(meeting.task(number, priority))
    for _ in range(4):
        meeting.lists.poll(KEY, Poller("a"))
    assert [number for _, number in meeting.given] == [2, 3, 1, 4]


def test_an_empty_list_takes_no_room(meeting: Meeting) -> None:
    poller = Poller("a")
    meeting.lists.poll(KEY, poller)
    meeting.lists.leave(KEY, poller)
    meeting.lists.offer(meeting.task(1))
    meeting.lists.poll(KEY, poller)
    assert meeting.lists._lists == {}
