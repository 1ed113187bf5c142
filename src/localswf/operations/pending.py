"""How many tasks wait in a task list."""

from collections.abc import Callable, Mapping

from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.registry import Registry
from localswf.engine.task_lists import TaskLists
from localswf.model import Answer


class PendingTasks:
    """CountPendingActivityTasks and CountPendingDecisionTasks; both count exactly."""

    def __init__(self, registry: Registry, dispatcher: Dispatcher) -> None:
        self._registry = registry
        self._dispatcher = dispatcher

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        activities, decisions = self._dispatcher.activities, self._dispatcher.decisions
        return {
            "CountPendingActivityTasks": lambda call: self._count(call, activities),
            "CountPendingDecisionTasks": lambda call: self._count(call, decisions),
        }

    def _count(self, call: Call, lists: TaskLists[Call]) -> Answer:
        domain, task_list = call.request["domain"], call.request["taskList"]
        self._registry.check_domain(domain)
        return {"count": lists.count((domain, task_list["name"])), "truncated": False}
