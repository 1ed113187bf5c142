"""Where the signals of an execution wait to be received."""

from collections import deque
from typing import Any

from swflow.execution.loop import Promise, WorkflowLoop
from swflow.execution.promises import keep
from swflow.values.serialize import Codec


class Inbox:
    """The signals of one name, in the order they came; none is lost, however early it comes."""

    def __init__(self, loop: WorkflowLoop) -> None:
        self._loop = loop
        self._arrived: deque[str | None] = deque()
        self._waiting: deque[tuple[Promise[Any], Codec]] = deque()

    def put(self, given: str | None) -> None:
        """One came."""
        self._arrived.append(given)
        self._match()

    def keep(self, given: str | None) -> None:
        """One came that is for whoever takes the execution's place."""
        self._arrived.append(given)

    @property
    def unreceived(self) -> list[str | None]:
        """Those that nobody has received, in the order they came."""
        return list(self._arrived)

    def receive(self, codec: Codec) -> Promise[Any]:
        """The oldest that nobody has received, or the next to come."""
        promise = self._loop.create_future()
        self._waiting.append((promise, codec))
        self._match()
        return promise

    def _match(self) -> None:
        while self._arrived and self._waiting:
            promise, codec = self._waiting.popleft()
            if not promise.done():
                keep(promise, codec, self._arrived.popleft())
