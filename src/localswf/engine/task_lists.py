"""Matches the tasks of one kind with those who poll for them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from localswf import errors, limits
from localswf.status import Load

if TYPE_CHECKING:
    from localswf.engine.runs import Run

ListKey = tuple[str, str]
"""The domain's name and the task list's."""


class Poller(Protocol):
    """Who waits at a task list."""

    def alive(self) -> bool:
        """Whether there is still somebody to take a task."""
        ...


P = TypeVar("P", bound=Poller)


@dataclass(slots=True, eq=False)
class Task:
    """A task that may be given to a poller.

    Attributes:
        lists: where it waits.
        run: the execution it belongs to.
        scheduled_id: the event that scheduled it.
        list_key: the list it is for.
        priority: those with a higher one go first.
    """

    lists: "TaskLists[Any]"
    run: "Run"
    scheduled_id: int
    list_key: ListKey
    priority: int


@dataclass(slots=True)
class _List(Generic[P]):
    tasks: dict[int, OrderedDict[Task, None]] = field(default_factory=dict)
    pollers: OrderedDict[P, None] = field(default_factory=OrderedDict)


class TaskLists(Generic[P]):
    """The lists of all domains; one that is empty takes no room.

    Either tasks or pollers wait at a list, never both. Within a priority the first task that came
    is the first that goes; pollers are served in the order in which they came.
    """

    def __init__(self, give: Callable[[P, Task], None]) -> None:
        """`give` hands a task to a poller."""
        self._give = give
        self._lists: dict[ListKey, _List[P]] = {}

    def offer(self, task: Task) -> None:
        """Hand a task to the first poller that waits; without one, the task waits."""
        place = self._place(task.list_key)
        while place.pollers:
            poller, _ = place.pollers.popitem(last=False)
            if poller.alive():
                self._tidy(task.list_key, place)
                self._give(poller, task)
                return
        place.tasks.setdefault(task.priority, OrderedDict())[task] = None
        task.run.waiting[task.scheduled_id] = task

    def poll(self, key: ListKey, poller: P) -> bool:
        """Hand the next task to a poller; False if there is none and the poller waits.

        Raises:
            SwfError: as many wait already as may wait at one list.
        """
        place = self._place(key)
        if len(place.pollers) >= limits.POLLERS:
            raise errors.limit_exceeded(
                "Limit on maximum concurrent poll requests per task list reached"
            )
        if not place.tasks:
            place.pollers[poller] = None
            return False
        task = next(iter(place.tasks[max(place.tasks)]))
        self.withdraw(task)
        self._give(poller, task)
        return True

    def count(self, key: ListKey) -> int:
        """How many tasks wait in a list."""
        place = self._lists.get(key)
        return 0 if place is None else sum(map(len, place.tasks.values()))

    def has_tasks(self) -> bool:
        """Whether a task waits in any list."""
        return any(place.tasks for place in self._lists.values())

    def load(self) -> Load:
        """What waits at all lists together."""
        places = self._lists.values()
        tasks = sum(len(tasks) for place in places for tasks in place.tasks.values())
        return Load(tasks, sum(len(place.pollers) for place in places))

    def withdraw(self, task: Task) -> None:
        """Take back a task that waits."""
        place = self._lists[task.list_key]
        tasks = place.tasks[task.priority]
        del tasks[task]
        if not tasks:
            del place.tasks[task.priority]
        del task.run.waiting[task.scheduled_id]
        self._tidy(task.list_key, place)

    def leave(self, key: ListKey, poller: P) -> None:
        """Let a poller go; no matter if it does not wait any more."""
        place = self._lists.get(key)
        if place is not None:
            place.pollers.pop(poller, None)
            self._tidy(key, place)

    def _place(self, key: ListKey) -> _List[P]:
        place = self._lists.get(key)
        if place is None:
            place = self._lists[key] = _List()
        return place

    def _tidy(self, key: ListKey, place: _List[P]) -> None:
        if not place.tasks and not place.pollers:
            self._lists.pop(key, None)
