"""The details of heartbeats."""

from typing import Any

from swflow.values.sealing import Sealer, too_long
from swflow.values.serialize import to_json

DETAILS = "a heartbeat's details"
MAX_DETAILS = 2_048
"""Characters in a heartbeat's details (Amazon SWF's limit)."""


def details_of(value: Any, sealer: Sealer) -> str:
    """A heartbeat's details as JSON.

    Raises:
        SerializationError: they are no JSON; or over 2,048 characters, and there is no store.
    """
    text = to_json(value, DETAILS)
    if not sealer.fits(text, MAX_DETAILS):
        raise too_long(text, DETAILS, MAX_DETAILS)
    return text
