"""Results of an earlier execution, which calls of this one take in place of doing it again.

An execution that is a rerun says so in its input, and its function begins when the results have
come, as signals. So all that it goes by is in its own history: a replay needs nothing else, and it
does not matter how long the earlier execution is kept.
"""

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

SIGNAL = "swflow.reuse"
"""The signals that bring the results."""

KEY = "rerun"
"""The key of an input that says whose rerun it is, and in how many parts the results come."""

_PART = 30_000

Result = dict[str, Any]
"""A call and its result: its `kind` (activity, child, cached), its `name`, its `input`, ..."""


class Reuse:
    """Results that no call has taken yet."""

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self._results: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
        for each in results:
            self._results[each["kind"], each["name"]].append(each)

    def take(
        self, kind: str, name: str, same: Callable[[str | None], bool] | None = None
    ) -> Result | None:
        """The result of the first call like this one that nobody has taken; None if there is none.

        Args:
            kind: activity, child or cached.
            name: of the type, or of the function.
            same: whether an input is that of this call.
        """
        if not self._results:
            return None
        left = self._results.get((kind, name), [])
        for index, each in enumerate(left):
            if same is None or same(each.get("input")):
                return left.pop(index)
        return None


class Parts:
    """The parts of the results, as they come."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._parts: dict[int, str] = {}

    def add(self, given: str | None) -> bool:
        """One came; whether it was the last."""
        part = json.loads(given or "{}")
        self._parts[part["part"]] = part["data"]
        return len(self._parts) == self._expected

    def results(self) -> list[Result]:
        """What is in them, when all are there."""
        text = "".join(data for _, data in sorted(self._parts.items()))
        found: list[Result] = json.loads(zlib.decompress(base64.b64decode(text)))
        return found


def in_parts(results: Sequence[Result]) -> list[str]:
    """Results as the inputs of signals; none for no results."""
    if not results:
        return []
    packed = zlib.compress(json.dumps(results, ensure_ascii=False).encode())
    text = base64.b64encode(packed).decode()
    pieces = [text[start : start + _PART] for start in range(0, len(text), _PART)]
    return [json.dumps({"part": number, "data": each}) for number, each in enumerate(pieces)]


def expected_parts(given: str | None) -> int:
    """How many parts have to come before an execution with this input begins."""
    if given is None or f'"{KEY}"' not in given:
        return 0
    try:
        content = json.loads(given)
    except ValueError:
        return 0
    match content:
        case {"rerun": {"parts": int(parts)}}:
            return parts
        case _:
            return 0
