"""Opaque tokens: what the service hands out and later takes back unaltered."""

import base64
import binascii
import hmac
import json
from typing import Any

from localswf import errors

_SEAL = 12


class Tokens:
    """Seals fields into a string and opens it again, also after a restart.

    A token is its fields and a seal only this data file's secret can make, so the service has to
    remember none of them.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, kind: str, *fields: int | str | bool) -> str:
        """A token of a kind with these fields."""
        content = json.dumps((kind, *fields), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._seal(content) + content).decode()

    def read(self, kind: str, token: str) -> list[Any]:
        """The fields of a token of this kind.

        Raises:
            SwfError: it is none that `make` gave for this kind.
        """
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise errors.invalid_token() from None
        seal, content = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, self._seal(content)):
            raise errors.invalid_token()
        fields: list[Any]
        found, *fields = json.loads(content)
        if found != kind:
            raise errors.invalid_token()
        return fields

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, content, "sha256")[:_SEAL]
