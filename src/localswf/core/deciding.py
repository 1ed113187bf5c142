"""What the handlers of decisions work with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from localswf.core.execution import Execution, Moment
from localswf.model import failure_members

_TYPES = frozenset({"activityType", "workflowType"})

Attributes = Mapping[str, Any]

TypeDefaults = Callable[[str, str], Mapping[str, Any] | str]
"""Takes a type's name and version; its defaults, or the cause why it may not be used."""


class Surroundings(NamedTuple):
    """What decisions need to know beyond their execution.

    Attributes:
        activity_defaults: looks up an activity type.
        workflow_defaults: looks up a workflow type.
        new_run_id: makes a runId that no execution has had.
        open_executions: counts the domain's open executions.
        has_lambda: whether there are Lambda functions to run.
        refused: the types of decisions that are not to be carried out, with the causes.
    """

    activity_defaults: TypeDefaults
    workflow_defaults: TypeDefaults
    new_run_id: Callable[[], str]
    open_executions: Callable[[], int] = int
    has_lambda: bool = False
    refused: Mapping[str, str] = MappingProxyType({})


class Context(NamedTuple):
    """One decision being carried out; handlers return whether the decider has to hear of it."""

    moment: Moment
    completed_id: int
    surroundings: Surroundings

    @property
    def execution(self) -> Execution:
        """The execution that decides."""
        return self.moment.execution

    @property
    def unhandled(self) -> bool:
        """Whether something happened that the decider has not seen: another decision waits."""
        return self.execution.scheduled_decision is not None

    def add(self, event_type: str, **attributes: Any) -> None:
        """Let an event of this decision happen."""
        self.moment.add(event_type, **attributes, decisionTaskCompletedEventId=self.completed_id)

    def fail(self, decision_type: str, attributes: Attributes, cause: str) -> bool:
        """Write down why a decision is not carried out; the decider has to hear of it."""
        members = failure_members(decision_type)
        told = {
            name: type_reference(value) if name in _TYPES else value
            for name, value in attributes.items()
            if name in members
        }
        if "initiatedEventId" in members:
            told["initiatedEventId"] = 0
        self.add(f"{decision_type}Failed", **told, cause=cause)
        return True


def type_reference(given: Mapping[str, str]) -> dict[str, str]:
    """Name and version of a type, without what else a caller may have added."""
    return {"name": given["name"], "version": given["version"]}
