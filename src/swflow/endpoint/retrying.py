"""Which errors of a call pass by themselves, and patience with them."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from swflow.errors import PayloadError

T = TypeVar("T")

_log = logging.getLogger(__name__)

_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TOO_MANY = 429
_SERVER_ERRORS = 500
_LASTING = (NoCredentialsError, NoRegionError, ParamValidationError, PartialCredentialsError)
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 10.0


def code(error: ClientError) -> str:
    """The name of a fault, as in UnknownResourceFault."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_throttled(error: ClientError) -> bool:
    """Whether the endpoint said no because it was asked too often."""
    return _status(error) == _TOO_MANY or code(error) in _THROTTLED


def is_passing(error: Exception) -> bool:
    """Whether an error of a call goes away by itself: a lost connection, a 5xx, throttling."""
    if isinstance(error, PayloadError):
        return error.passing
    if isinstance(error, ClientError):
        return _status(error) >= _SERVER_ERRORS or is_throttled(error)
    return isinstance(error, BotoCoreError) and not isinstance(error, _LASTING)


def delays() -> Iterator[float]:
    """How many seconds to wait before each further try: longer and longer, never the same."""
    longest = _FIRST_DELAY
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        longest = min(longest * 2, _LONGEST_DELAY)


class Patience:
    """Patience with a call that fails for reasons that pass."""

    def __init__(self, what: str, seconds: float) -> None:
        """Begin to be patient.

        Args:
            what: names the call in the log.
            seconds: how long to go on trying.
        """
        self._what = what
        self._until = time.monotonic() + seconds
        self._waits = delays()

    def wait(self, error: Exception) -> float:
        """How many seconds to wait before the next try.

        Raises:
            Exception: the error, where it does not pass, or did not in time.
        """
        wait = next(self._waits)
        if not is_passing(error) or time.monotonic() + wait > self._until:
            raise error
        _log.warning("%s: %s; trying again in %.1f s", self._what, error, wait)
        return wait


def persistently(call: Callable[[], T], what: str, patience: timedelta) -> T:
    """Make a call, again and again while the endpoint is away.

    Args:
        call: what to do.
        what: names the call in the log.
        patience: how long to go on trying.

    Raises:
        ClientError: the endpoint said no.
        BotoCoreError: the endpoint was away for longer than the patience.
        PayloadError: the payload store was away for longer than that, or said no.
    """
    patient = Patience(what, patience.total_seconds())
    while True:
        try:
            return call()
        except (BotoCoreError, ClientError, PayloadError) as error:
            time.sleep(patient.wait(error))


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
