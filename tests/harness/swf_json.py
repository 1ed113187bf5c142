"""Decisions and events as they are on the wire."""

from collections.abc import Mapping
from typing import Any


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    """A decision of a type, with these attributes."""
    return {"decisionType": kind, f"{_member(kind)}DecisionAttributes": attributes}


def attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an event tells beside its type, id and time."""
    found: dict[str, Any] = event[f"{_member(event['eventType'])}EventAttributes"]
    return found


def _member(kind: str) -> str:
    return f"{kind[0].lower()}{kind[1:]}"
