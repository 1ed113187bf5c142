"""Where payloads are in decisions and events; there they are sealed and opened."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from swflow.execution.commands import PAYLOAD_OF, attributes_key
from swflow.execution.history import Event, attributes, event_key
from swflow.execution.recorded import CACHED, PATCHED
from swflow.values.envelope import MARK
from swflow.values.sealing import Sealer, all_of

# Of the events that decisions caused only the markers of values that are looked up: the code's own
# payloads are compared with the others as they are.
_OF_EVENT = {
    "WorkflowExecutionStarted": "input",
    "WorkflowExecutionSignaled": "input",
    "WorkflowExecutionCompleted": "result",
    "WorkflowExecutionFailed": "details",
    "ActivityTaskCompleted": "result",
    "ActivityTaskFailed": "details",
    "ActivityTaskTimedOut": "details",
    "ChildWorkflowExecutionCompleted": "result",
    "ChildWorkflowExecutionFailed": "details",
    "MarkerRecorded": "details",
}


def seal_decisions(sealer: Sealer, decisions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Decisions as RespondDecisionTaskCompleted takes them.

    Raises:
        SerializationError: a payload is too long, and there is no store.
        PayloadError: one could not be stored.
    """
    ready = list(decisions)
    unsealed = [at for at, each in enumerate(decisions) if not is_plain_decision(sealer, each)]
    if unsealed:
        found = all_of(partial(_seal, sealer), [decisions[index] for index in unsealed])
        for index, decision in zip(unsealed, found, strict=True):
            ready[index] = decision
    return ready


def open_events(sealer: Sealer, events: Sequence[Event]) -> list[Event]:
    """Events as a replay takes them.

    Raises:
        PayloadError: a payload is not in the store, is damaged, or cannot be decoded here.
    """
    opened = list(events)
    sealed = sealed_in(events)
    if sealed:
        found = all_of(partial(_open, sealer), [events[index] for index in sealed])
        for index, event in zip(sealed, found, strict=True):
            opened[index] = event
    return opened


def sealed_in(events: Sequence[Event]) -> list[int]:
    """Which events have a payload that is to be opened."""
    return [
        index
        for index, event in enumerate(events)
        if event["eventType"] in _OF_EVENT and _is_sealed(event)
    ]


def open_task(sealer: Sealer, task: dict[str, Any]) -> dict[str, Any]:
    """An activity task as its activity takes it.

    Raises:
        PayloadError: its input is not in the store, is damaged, or cannot be decoded here.
    """
    given = task.get("input")
    return task if given is None else task | {"input": sealer.open(given)}


def is_plain_decision(sealer: Sealer, decision: dict[str, Any]) -> bool:
    """Whether a decision travels as it is."""
    kind = decision["decisionType"]
    field = PAYLOAD_OF.get(kind)
    text = decision[attributes_key(kind)].get(field) if field else None
    return text is None or (sealer.is_plain(text) and MARK not in text)


def _seal(sealer: Sealer, decision: dict[str, Any]) -> dict[str, Any]:
    kind = decision["decisionType"]
    field, key = PAYLOAD_OF[kind], attributes_key(kind)
    says = decision[key]
    if kind == "FailWorkflowExecution":
        sealed = sealer.seal_failure(says[field])
    else:
        sealed = sealer.seal(says[field], f"the {field} of a {kind} decision")
    return {**decision, key: {**says, field: sealed}}


def _is_sealed(event: Event) -> bool:
    kind, says = event["eventType"], attributes(event)
    if MARK not in (says.get(_OF_EVENT[kind]) or ""):
        return False
    return kind != "MarkerRecorded" or says["markerName"] in (CACHED, PATCHED)


def _open(sealer: Sealer, event: Event) -> Event:
    kind = event["eventType"]
    field, says = _OF_EVENT[kind], attributes(event)
    failed = kind.endswith("Failed")
    opened = (sealer.open_failure if failed else sealer.open)(says[field])
    return {**event, event_key(kind): {**says, field: opened}}
