"""What the handlers of decisions work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localswf.execution import Execution, Moment

Attributes = Mapping[str, Any]

TypeDefaults = Callable[[str, str], Mapping[str, Any] | str]
"""Takes a type's name and version; its defaults, or the cause why it may not be used."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decisions need to know beyond their execution.

    Attributes:
        activity_defaults: looks up an activity type.
        workflow_defaults: looks up a workflow type.
        new_run_id: makes a runId that no execution has had.
    """

    activity_defaults: TypeDefaults
    workflow_defaults: TypeDefaults
    new_run_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Context:
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
