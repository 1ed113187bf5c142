"""Signals that an execution passes on to the one that takes its place.

They travel in that one's input, beside its arguments: so all that it goes by is in its own history.
"""

import json
from collections.abc import Iterable
from typing import Any

_KEY = "signals"

Passed = tuple[str, str | None]
"""A signal: its name and its value as it travelled."""


def with_signals(given: str, signals: Iterable[Passed]) -> str:
    """An input that passes signals on, too."""
    content = {**json.loads(given), _KEY: list(signals)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def passed_on(given: str | None) -> list[Passed]:
    """The signals that came with an input, in the order in which they were sent."""
    if given is None or f'"{_KEY}"' not in given:
        return []
    try:
        content: Any = json.loads(given)
    except ValueError:
        return []
    match content:
        case {"args": _, "signals": list(signals)}:
            return [(name, value) for name, value in signals]
        case _:
            return []
