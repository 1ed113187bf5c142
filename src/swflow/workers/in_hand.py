"""The task that a process of a worker has in hand, for the worker to know if the process dies."""

import json
import mmap
from collections.abc import Mapping
from typing import Any

_ROOM = 8_192
_LENGTH = 2
_KEPT = ("taskToken", "workflowExecution", "activityType", "activityId")


class InHand:
    """A note in memory that processes forked after it was made share with the worker."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _ROOM)

    def take(self, task: Mapping[str, Any]) -> None:
        """Note that a task is begun."""
        text = json.dumps({key: task[key] for key in _KEPT}).encode()
        if len(text) <= _ROOM - _LENGTH:  # names may take more, if they are in rare scripts
            self._memory[_LENGTH : _LENGTH + len(text)] = text
            self._memory[:_LENGTH] = len(text).to_bytes(_LENGTH)

    def put_down(self) -> None:
        """Note that it was answered."""
        self._memory[:_LENGTH] = bytes(_LENGTH)

    @property
    def task(self) -> dict[str, Any] | None:
        """What tells of the task; None if there is none."""
        length = int.from_bytes(self._memory[:_LENGTH])
        return json.loads(self._memory[_LENGTH : _LENGTH + length]) if length else None
