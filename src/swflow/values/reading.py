"""Payloads as people read them."""

from collections.abc import Mapping
from typing import Any

from swflow.errors import PayloadError
from swflow.values.envelope import MARK
from swflow.values.sealing import Sealer


def readable(sealer: Sealer, text: str) -> str:
    """A payload, opened; or in brackets why it cannot be opened here."""
    try:
        return sealer.open(text) if text.startswith(MARK) else sealer.open_failure(text)
    except PayloadError as error:
        return f"({error.brief})"


def all_readable(sealer: Sealer, says: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says, with its payloads as people read them."""
    return {
        key: readable(sealer, value) if isinstance(value, str) else value
        for key, value in says.items()
    }
