"""History events, and their form on the wire and on disk."""

import functools
import json
from typing import Any, NamedTuple

Attributes = dict[str, Any]

# Both save what json.dumps and json.loads make up anew at each call.
compact_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
parse_json = json.JSONDecoder().decode


class Event(NamedTuple):
    """One event of a workflow execution's history.

    Attributes:
        id: its number, from 1 without holes.
        timestamp: milliseconds since the epoch.
        type: SWF's EventType.
        attributes: the members of the type's attributes structure, as on the wire.
    """

    id: int
    timestamp: int
    type: str
    attributes: Attributes

    def to_json(self) -> str:
        """The event as a HistoryEvent in JSON, in ASCII."""
        name = attributes_member(self.type)
        return (
            f'{{"eventId":{self.id},"eventTimestamp":{wire_time_json(self.timestamp)},'
            f'"eventType":"{self.type}","{name}":{compact_json(self.attributes)}}}'
        )

    @classmethod
    def from_json(cls, text: str) -> "Event":
        """The event that `to_json` wrote."""
        wire = parse_json(text)
        kind = wire["eventType"]
        return cls(
            wire["eventId"],
            round(wire["eventTimestamp"] * 1000),
            kind,
            wire[attributes_member(kind)],
        )


@functools.cache
def attributes_member(event_type: str) -> str:
    """The HistoryEvent member that holds the attributes of events of this type."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


def wire_time_json(timestamp: int) -> str:
    """A timestamp (milliseconds) as the wire's JSON number of seconds."""
    return f"{timestamp / 1000:.3f}"


def wire_time(timestamp: int) -> float:
    """A timestamp (milliseconds) as the wire's number of seconds."""
    return timestamp / 1000
