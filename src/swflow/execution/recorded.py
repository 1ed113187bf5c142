"""What a decision left in the history, looked up before its code runs again."""

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from swflow.execution.history import Event, attributes

CACHED = "swflow.cached"
"""The marker of a value that is recorded once."""

PATCHED = "swflow.patched"
"""The marker of a change of the code that the execution was begun with."""


class Recorded:
    """The records of one decision that is being replayed."""

    def __init__(self, events: Sequence[Event], completed: int) -> None:
        """Look at nothing yet: most decisions are never asked.

        Args:
            events: from the decision on.
            completed: the index among them of the decision's DecisionTaskCompleted.
        """
        self._events = events
        self._completed = completed

    def value(self, number: int) -> str | None:
        """The details of the marker of the call with this number."""
        return self._values.get(number)

    def patched(self, change: str) -> bool:
        """Whether the decision was made with this change of the code."""
        return change in self._patches

    def child_id(self, number: int) -> str | None:
        """The workflow id of the child that the call with this number started."""
        return self._children.get(number)

    @cached_property
    def _caused(self) -> list[tuple[str, Any]]:
        """What came of the decision, each with the type of its event."""
        completed_id = self._events[self._completed]["eventId"]
        found = []
        for event in islice(self._events, self._completed + 1, None):
            if event["eventType"] in ("DecisionTaskStarted", "DecisionTaskCompleted"):
                break
            says = attributes(event)
            if says.get("decisionTaskCompletedEventId") == completed_id:
                found.append((event["eventType"], says))
        return found

    @cached_property
    def _values(self) -> dict[int, str]:
        return {
            json.loads(says["details"])["call"]: says["details"]
            for kind, says in self._caused
            if kind == "MarkerRecorded" and says["markerName"] == CACHED
        }

    @cached_property
    def _patches(self) -> set[str]:
        return {
            json.loads(says["details"])["id"]
            for kind, says in self._caused
            if kind == "MarkerRecorded" and says["markerName"] == PATCHED
        }

    @cached_property
    def _children(self) -> dict[int, str]:
        return {
            int(says["control"]): says["workflowId"]
            for kind, says in self._caused
            if kind == "StartChildWorkflowExecutionInitiated" and says.get("control", "").isdigit()
        }
