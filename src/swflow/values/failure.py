"""How a failure travels: a reason, and details that say whether trying again can help.

The details are a JSON object: `retry`, a mandatory boolean, and `details`, any JSON. Where a
worker that had to stop gives a task back, there is `handed_back`, too, which is true. A failure
without details is an exception nobody foresaw and may be tried again; details that break the
format come from a program that does not know it, and are not tried again.
"""

import json
import traceback
from dataclasses import dataclass
from typing import Any

from swflow.errors import (
    ActivityFailed,
    ActivityTimedOut,
    CachedCallFailed,
    ChildFailed,
    Failure,
    PayloadError,
    SerializationError,
)
from swflow.values.sealing import Sealer
from swflow.values.serialize import to_json

MAX_REASON = 256
"""Characters in a reason (Amazon SWF's limit)."""

_FRAMES = 8
_MAX_TRACEBACK = 6_000


@dataclass(frozen=True, slots=True)
class Report:
    """A failure, ready to be sent or as it came.

    Attributes:
        reason: at most 256 characters.
        details: what the failure says about itself, as JSON's types.
        retry: whether trying again may help.
        handed_back: nothing went wrong: the worker had to stop, and another is to take over.
    """

    reason: str
    details: Any
    retry: bool
    handed_back: bool = False

    @classmethod
    def of(cls, error: BaseException) -> "Report":
        """What an exception says: a `Failure` speaks for itself, any other may be tried again."""
        match error:
            case Failure():
                return cls(_cut(error.reason), error.details, error.retry)
            case ActivityFailed() | ChildFailed() | CachedCallFailed():
                return cls(_cut(str(error)), error.details, error.retry)
            case ActivityTimedOut():
                return cls(_cut(str(error)), error.details, retry=True)
            case BaseExceptionGroup():
                # As a task group raises it: what counts is what went wrong in its tasks.
                parts = [cls.of(each) for each in error.exceptions]
                reason = "; ".join(part.reason for part in parts)
                details = [part.details for part in parts]
                return cls(_cut(reason), details, all(part.retry for part in parts))
            case PayloadError() | SerializationError():
                # A value that does not fit would not fit the next time either.
                retry = isinstance(error, PayloadError) and error.retry
                return cls(_cut(str(error)), _origin(error), retry)
            case _:
                name = type(error).__name__
                reason = f"{name}: {error}" if str(error) else name
                return cls(_cut(reason), _origin(error), retry=True)

    @classmethod
    def read(cls, reason: str | None, details: str | None) -> "Report":
        """Read what travelled: the two strings of a failure event."""
        reason = reason or "no reason given"
        if not details:
            return cls(reason, None, retry=True)
        try:
            content = json.loads(details)
        except ValueError:
            return cls(reason, details, retry=False)
        match content:
            case {"retry": bool(retry)}:
                handed_back = content.get("handed_back") is True
                return cls(reason, content.get("details"), retry, handed_back)
            case _:
                return cls(reason, content, retry=False)

    def wire(self) -> dict[str, str]:
        """The two parameters of RespondActivityTaskFailed and of FailWorkflowExecution."""
        content: dict[str, Any] = {"retry": self.retry, "details": self.details}
        if self.handed_back:
            content["handed_back"] = True
        try:
            details = to_json(content, "a failure's details")
        except SerializationError as error:
            # The failure itself must get through, whatever its author put into the details.
            details = to_json(content | {"details": str(error)}, "a failure's details")
        return {"reason": self.reason, "details": details}

    def sealed(self, sealer: Sealer) -> dict[str, str]:
        """The same two as they travel.

        Raises:
            PayloadError: the details could not be stored.
        """
        says = self.wire()
        return says | {"details": sealer.seal_failure(says["details"])}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"


def _origin(error: BaseException) -> dict[str, str]:
    """An exception's type and the end of its traceback, where the cause is."""
    text = "".join(traceback.format_exception(error, limit=-_FRAMES))
    return {"type": type(error).__qualname__, "traceback": text[-_MAX_TRACEBACK:]}
