"""What becomes of payloads on their way: stored where they are too long, encoded if asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from swflow.values.serialize import MAX_PAYLOAD


class PayloadStore(Protocol):
    """Keeps what is too long for Amazon SWF, under keys of the form `domain/2026-01-31/5f1c...`.

    Its methods are called by several processes and threads at once. `str()` of it says where it is.
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep something, so that it outlives a crash of this machine as soon as this returns.

        The same may be put under the same key again.
        """

    def get(self, key: str) -> bytes:
        """What was put under a key.

        Raises:
            KeyError: nothing was. Any other exception is a trouble that may pass.
        """

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin with this, a domain and a slash, in their order as strings."""

    def delete(self, keys: Sequence[str]) -> None:
        """Forget what is under these keys; one that is gone already is no error."""


class PayloadCodec(Protocol):
    """Turns payloads into something else for their way, as encryption does."""

    @property
    def name(self) -> str:
        """What envelopes call it."""

    def encode(self, data: bytes, domain: str) -> bytes:
        """What travels in place of a payload of this domain; at most 1,000 bytes longer."""

    def decode(self, data: bytes, domain: str) -> bytes:
        """The payload again.

        Raises:
            PayloadError: that cannot be.
        """


@dataclass(frozen=True, kw_only=True)
class Payloads:
    """How a program's payloads travel; every process of the program is given the same.

    A payload is the text of an input, a result, a signal, a marker, a heartbeat's or a failure's
    details. Without a store and codecs all travel as they are, and one of more than 32,768
    characters is an error (2,048 for a heartbeat's details).

    With a store, what is longer than the threshold is compressed, and put into the store if it is
    too long still. With codecs every payload goes through them, compressed before where that makes
    it smaller; of a failure its details do, its reason stays readable.

    Attributes:
        store: where long payloads are kept, such as a FolderStore or an S3Store.
        codecs: what every payload is put through on its way out, in order, such as `Encryption`.
        threshold: the characters from which on a payload is stored; 32,768 at most.
    """

    store: PayloadStore | None = None
    codecs: Sequence[PayloadCodec] = ()
    threshold: int = 32_000

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= MAX_PAYLOAD:
            raise ValueError(
                f"the threshold is {self.threshold:,} characters; it can be from 1 to "
                f"{MAX_PAYLOAD:,}, Amazon SWF's limit"
            )


PLAIN = Payloads()
"""As they are."""
