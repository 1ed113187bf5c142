"""What was used lately, up to a size."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Remembers values by name, and forgets those that were used longest ago; for any thread."""

    def __init__(self, room: int) -> None:
        """`room` is for the sizes of all values together."""
        self._left = room
        self._values: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> T | None:
        """A value, if it is remembered."""
        with self._lock:
            found = self._values.get(name)
            if found is None:
                return None
            self._values.move_to_end(name)
            return found[0]

    def take(self, name: str) -> T | None:
        """A value, if it is remembered, to be forgotten."""
        with self._lock:
            value, size = self._values.pop(name, (None, 0))
            self._left += size
            return value

    def keep(self, name: str, value: T, size: int) -> None:
        """Remember a value, at the expense of others."""
        with self._lock:
            if name in self._values:
                return
            self._values[name] = value, size
            self._left -= size
            while self._left < 0:
                _, (_, freed) = self._values.popitem(last=False)
                self._left += freed
