"""Amazon SWF's events and durations, as the rest of swflow reads and writes them."""

import functools
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Event: TypeAlias = Mapping[str, Any]
"""One event of a history, as GetWorkflowExecutionHistory gives it."""

_YEAR = 31_536_000


def attributes(event: Event) -> Mapping[str, Any]:
    """What an event says beside its id, type and time."""
    found: Mapping[str, Any] = event.get(event_key(event["eventType"]), {})
    return found


@functools.cache
def event_key(kind: str) -> str:
    """Under which key an event of this type has its attributes."""
    return f"{kind[0].lower()}{kind[1:]}EventAttributes"


def timestamp(event: Event) -> datetime:
    """When an event happened; boto3 gives a datetime, stored histories give seconds."""
    at = event["eventTimestamp"]
    return at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)


def seconds(event: Event) -> float:
    """When an event happened, in seconds since the epoch."""
    at = event["eventTimestamp"]
    return at.timestamp() if isinstance(at, datetime) else at


def stored(event: Event) -> dict[str, Any]:
    """An event as it is written into a file: its time in seconds, as on the wire."""
    return {**event, "eventTimestamp": round(timestamp(event).timestamp(), 3)}


def duration(value: timedelta | None, factor: int = 1) -> str:
    """A timeout as Amazon SWF writes it: whole seconds, rounded up, or NONE.

    Args:
        value: the timeout; None is no timeout.
        factor: what to multiply it by; the result is a year at most, SWF's longest execution.
    """
    if value is None:
        return "NONE"
    if value < timedelta(0):
        raise ValueError(f"a timeout is {value}; it cannot be negative")
    return str(min(math.ceil(value.total_seconds() * factor), _YEAR))
