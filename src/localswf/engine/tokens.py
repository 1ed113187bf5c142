"""Opaque tokens: what the service hands out and later takes back unaltered."""

import binascii
import hashlib
import hmac
from typing import Any

from localswf import errors
from localswf.core.events import compact_json, parse_json

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
        content = compact_json((kind, *fields)).encode()
        return binascii.b2a_base64(self._seal(content) + content, newline=False).decode()

    def read(self, kind: str, token: str) -> list[Any]:
        """The fields of a token of this kind.

        Raises:
            SwfError: it is none that `make` gave for this kind.
        """
        try:
            raw = binascii.a2b_base64(token, strict_mode=True)
        except ValueError:
            raise errors.invalid_token() from None
        seal, content = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, self._seal(content)):
            raise errors.invalid_token()
        fields: list[Any]
        found, *fields = parse_json(content)
        if found != kind:
            raise errors.invalid_token()
        return fields

    def _seal(self, content: bytes) -> bytes:
        # BLAKE2 takes a key by itself, at a third of what HMAC costs.
        return hashlib.blake2b(content, key=self._secret, digest_size=_SEAL).digest()
