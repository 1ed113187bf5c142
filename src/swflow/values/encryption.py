"""Payloads that nobody reads without a key."""

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path

from swflow.errors import PayloadError, SwflowError

_KEY_SIZE = 32
_NONCE_SIZE = 12
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Encryption:
    """Encrypts payloads by AES-256-GCM, each bound to its domain. Needs the cryptography package.

    To change the key, first add the new one after the old one everywhere, then put it first: what
    was encrypted with the old one can be read for as long as that is there. A key is good for four
    thousand million payloads.

    Attributes:
        name: what envelopes call it.
    """

    name = "aes-256-gcm"

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take the keys.

        Args:
            keys: keys of 32 bytes by their ids; the first is the one to encrypt with. Ids are up to
                64 letters, digits, dots, dashes and underscores, and can be read in the payloads.

        Raises:
            SwflowError: a key or an id is no good, or the cryptography package is missing.
        """
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SwflowError(
                "encryption needs the cryptography package: pip install cryptography"
            ) from error
        if not keys:
            raise SwflowError("encryption needs at least one key")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise SwflowError(
                    f"{key_id!r} cannot be the id of a key: it has to be of up to 64 letters, "
                    f"digits, dots, dashes and underscores"
                )
            if len(key) != _KEY_SIZE:
                raise SwflowError(f"the key {key_id!r} has {len(key)} bytes and needs {_KEY_SIZE}")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))

    @classmethod
    def from_environment(cls, variable: str = "SWFLOW_ENCRYPTION_KEYS") -> "Encryption":
        """The keys in an environment variable: `id:key` in base64, separated by commas.

        Raises:
            SwflowError: it is not set, or not of that form.
        """
        text = os.environ.get(variable)
        if not text:
            raise SwflowError(f"the environment variable {variable}, for the keys, is not set")
        return cls(_keys(text, f"the environment variable {variable}"))

    @classmethod
    def from_file(cls, path: Path | str) -> "Encryption":
        """The keys in a file: `id:key` in base64, one a line.

        Raises:
            SwflowError: it cannot be read, or is not of that form.
        """
        try:
            text = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SwflowError(f"the file of keys cannot be read: {error}") from error
        return cls(_keys(text, f"the file {path}"))

    def encode(self, data: bytes, domain: str) -> bytes:
        """The id of the key, what makes this encryption differ from any other, and the rest."""
        nonce = os.urandom(_NONCE_SIZE)
        key_id = self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, data, _bound_to(key_id, domain))
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def decode(self, data: bytes, domain: str) -> bytes:
        """What was encrypted.

        Raises:
            PayloadError: the key is not here, or is another one; or it is of another domain.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra

        end = 1 + data[0] if data else 0
        key_id, nonce = data[1:end], data[end : end + _NONCE_SIZE]
        name = key_id.decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise PayloadError(
                f"a payload is encrypted with the key {name!r}, and this process has "
                f"{', '.join(map(repr, self._ciphers))}"
            )
        try:
            return cipher.decrypt(nonce, data[end + _NONCE_SIZE :], _bound_to(key_id, domain))
        except (InvalidTag, ValueError) as error:
            raise PayloadError(
                f"a payload cannot be decrypted with the key {name!r}: it was encrypted with "
                f"another key of that id, or for another domain, or it is damaged"
            ) from error

    def __repr__(self) -> str:
        return f"Encryption({', '.join(self._ciphers)})"


def _bound_to(key_id: bytes, domain: str) -> bytes:
    return b"swflow:" + key_id + b":" + domain.encode()


def _keys(text: str, where: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for each in text.replace("\n", ",").split(","):
        if each.strip():
            key_id, _, key = each.strip().partition(":")
            try:
                keys[key_id] = base64.b64decode(key, validate=True)
            except ValueError:
                raise SwflowError(
                    f"{where} does not hold keys as id:key, each key in base64"
                ) from None  # the cause might show the key
    return keys
