"""History events, and their form on the wire and on disk."""

import functools
import json
import re
from typing import Any, NamedTuple

import orjson

Attributes = dict[str, Any]

_any_json = json.JSONEncoder(separators=(",", ":")).encode

_HEAD = re.compile(
    r'\{"eventId":(\d+),"eventTimestamp":(\d+)\.(\d{3}),"eventType":"(\w+)","\w+":', re.ASCII
)


def compact_json(value: Any) -> str:
    """A value in JSON without blanks."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Half a surrogate pair, or a number of more than 64 bits.
        return _any_json(value)


def parse_json(text: str | bytes) -> Any:
    """What a text in JSON says.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # It may be half a surrogate pair that it does not like.
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogatepass")
        return json.loads(text)


# Many executions do the same, so short attributes are often those of another event.
_SHORT = 400
_parse_short = functools.lru_cache(maxsize=4096)(parse_json)


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
        """The event as a HistoryEvent in JSON."""
        return (
            f'{{"eventId":{self.id},"eventTimestamp":{wire_time_json(self.timestamp)},'
            f"{_type_json(self.type)}{compact_json(self.attributes)}}}"
        )

    @classmethod
    def from_json(cls, text: str) -> "Event":
        """The event that `to_json` wrote; its attributes are not to be changed.

        Raises:
            ValueError: `to_json` did not write that.
        """
        head = _HEAD.match(text)
        if head is None:
            raise ValueError("what is stored is no event")
        event_id, seconds, milliseconds, event_type = head.groups()
        attributes = text[head.end() : -1]
        parse = _parse_short if len(attributes) < _SHORT else parse_json
        return cls(int(event_id), int(seconds + milliseconds), event_type, parse(attributes))


@functools.cache
def attributes_member(event_type: str) -> str:
    """The HistoryEvent member that holds the attributes of events of this type."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


@functools.cache
def _type_json(event_type: str) -> str:
    """The part of an event in JSON that is the same for all of a type."""
    return f'"eventType":"{event_type}","{attributes_member(event_type)}":'


def wire_time_json(timestamp: int) -> str:
    """A timestamp (milliseconds) as the wire's JSON number of seconds."""
    return f"{timestamp / 1000:.3f}"


def wire_time(timestamp: int) -> float:
    """A timestamp (milliseconds) as the wire's number of seconds."""
    return timestamp / 1000
