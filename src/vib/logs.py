import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from swflow import JsonFormatter

_log = logging.getLogger(__name__)

_fields: ContextVar[dict[str, Any]] = ContextVar("vib.logs", default={})  # noqa: B039 - never changed


def configure(level: str) -> None:
    """Send every log line of this process to standard error as JSON.

    Standard error is where supervisor and systemd expect it; a file or Loggly is theirs to choose.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(_Fields())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)


@contextmanager
def about(*, user_uuid: UUID | None = None, media_uuid: UUID | None = None) -> Iterator[None]:
    """Whatever is logged in here, with any logger, is about this user and this video."""
    given = {"user_uuid": user_uuid, "media_uuid": media_uuid}
    token = _fields.set({**_fields.get(), **{name: v for name, v in given.items() if v}})
    try:
        yield
    finally:
        _fields.reset(token)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Log how long something took, in seconds, and whether it failed."""
    began = time.monotonic()
    try:
        yield
    except BaseException as error:
        seconds = round(time.monotonic() - began, 3)
        _log.warning("%s failed: %s", what, error, extra={"step": what, "seconds": seconds})
        raise
    seconds = round(time.monotonic() - began, 3)
    _log.info("%s done", what, extra={"step": what, "seconds": seconds})


class _Fields(logging.Filter):
    """Adds what a line is about, as far as the line does not say so itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = vars(record)
        said |= _fields.get() | said
        return True
