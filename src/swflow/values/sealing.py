"""The one place that every payload of a domain passes, on its way out and on its way in."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

from swflow.errors import PayloadError, SerializationError
from swflow.values.encryption import Encryption
from swflow.values.envelope import MARK, Envelope
from swflow.values.payloads import PLAIN, Payloads, PayloadStore
from swflow.values.recent import Recent
from swflow.values.serialize import MAX_PAYLOAD

T = TypeVar("T")
R = TypeVar("R")

_GZIP = "gzip"
_AT_ONCE = 8
_REMEMBERED = 32_000_000
_LONGEST_NAME = 256
_GIVE_IT = "give it the program's Payloads (Client(payloads=...), or --payloads)"
_GROWTH = 6  # a character is up to four bytes, and these are written in base64
_ROOM = 2_000  # for the rest of an envelope, and what codecs add
_FAILURE = MAX_PAYLOAD - 256  # for its details; the rest is for what it says beside them


class Sealer:
    """Seals and opens the payloads of a domain.

    The text of an ordinary payload stays as it is. What was stored and what was fetched lately is
    remembered: many calls with the same long argument store it once, and a history that is
    replayed again is not fetched again.
    """

    def __init__(self, domain: str, payloads: Payloads) -> None:
        """`payloads` says how those of the domain travel."""
        self._domain = domain
        self._store = payloads.store
        self._codecs = {each.name: each for each in payloads.codecs}
        self._longest = MAX_PAYLOAD if payloads.store is None else payloads.threshold
        self._stored: Recent[str] = Recent(_REMEMBERED // 100)
        self._fetched: Recent[str] = Recent(_REMEMBERED)
        self._fitting: Recent[str] = Recent(_REMEMBERED // 100)

    @property
    def has_store(self) -> bool:
        """Whether a payload may have to be fetched or stored, which takes its time."""
        return self._store is not None

    def seal(self, text: str, what: str, limit: int = MAX_PAYLOAD) -> str:
        """A payload as it travels.

        Args:
            text: the payload, which is JSON.
            what: names it in errors.
            limit: characters; Amazon SWF's limit for this kind of payload.

        Raises:
            SerializationError: it is too long, and there is no store.
            PayloadError: it could not be stored.
        """
        if self.is_plain(text, limit):
            return text
        if not self._codecs and self._store is None and len(text) > limit:
            raise too_long(text, what, limit)
        longest = min(limit, self._longest)
        fitting = self._fitting.take(text)
        if fitting is not None and len(fitting) <= longest:
            return fitting
        data = text.encode()
        digest = hashlib.sha256(data)
        today = datetime.now(UTC).date().isoformat()
        known = self._stored.get(today + digest.hexdigest())
        if known is not None:
            return known
        encoded, encoding = self._encode(data)
        sealed = Envelope(len(data), encoding, data=encoded).text()
        if len(sealed) <= longest:
            return sealed
        if self._store is None:
            raise too_long(sealed, f"{what}, encoded,", limit)
        key = f"{today}/{hashlib.sha256(encoded).hexdigest()}"
        self._put(self._store, key, encoded)
        of = self._through_codecs(digest.digest())
        store = str(self._store)[:_LONGEST_NAME]
        sealed = Envelope(len(data), encoding, stored=key, store=store, of=of).text()
        self._stored.keep(today + digest.hexdigest(), sealed, len(sealed))
        return sealed

    def open(self, text: str) -> str:
        """A payload that travelled.

        Raises:
            PayloadError: it is not in the store, is damaged, or cannot be decoded here.
        """
        if not text.startswith(MARK):
            return text
        envelope = Envelope.read(text)
        if not envelope.stored:
            return self._decode(envelope, envelope.data).decode()
        known = self._fetched.get(envelope.stored)
        if known is None:
            data = self._decode(envelope, self._get(envelope))
            if hashlib.sha256(data).digest() != self._digest_of(envelope):
                raise _damaged(envelope)
            known = data.decode()
            self._fetched.keep(envelope.stored, known, len(known))
        return known

    def same(self, here: str, there: str | None) -> bool:
        """Whether a payload is the one that travelled; no store is asked.

        Raises:
            PayloadError: the one that travelled cannot be decoded here.
        """
        if there is None or not there.startswith(MARK):
            return here == there
        envelope = Envelope.read(there)
        if envelope.stored:
            return hashlib.sha256(here.encode()).digest() == self._digest_of(envelope)
        return here == self.open(there)

    def is_plain(self, text: str, limit: int = MAX_PAYLOAD) -> bool:
        """Whether a payload travels as it is."""
        if self._codecs or text.startswith(MARK):
            return False
        return len(text) <= self._longest and len(text) <= limit

    def fits(self, text: str, limit: int = MAX_PAYLOAD) -> bool:
        """Whether a payload can be sealed, as far as its length goes."""
        if self._store is not None or self.is_plain(text, limit):
            return True
        if len(text) <= (limit - _ROOM) // _GROWTH:
            return True
        try:
            sealed = self.seal(text, "", limit)
        except SerializationError:
            return False
        # It is about to be sealed, and to encode it takes its time.
        self._fitting.keep(text, sealed, len(text) + len(sealed))
        return True

    # A failure's details are JSON of which only a part is put into an envelope.

    def seal_failure(self, details: str) -> str:
        """The details of a failure as they travel; if they are too long, that is said in them.

        Args:
            details: as `Report.wire` writes them.

        Raises:
            PayloadError: they could not be stored.
        """
        if self.is_plain(details) and MARK not in details:
            return details
        content = json.loads(details)
        inner = _written(content["details"])
        try:
            sealed = self.seal(inner, "a failure's details", _FAILURE)
        except SerializationError as error:
            # The failure itself must get through, whatever its author put into the details.
            sealed = self.seal(_written(str(error)), "a failure's details", _FAILURE)
        return _written(content | {"details": json.loads(sealed)})

    def open_failure(self, details: str) -> str:
        """The details of a failure that travelled.

        Raises:
            PayloadError: they are not in the store, are damaged, or cannot be decoded here.
        """
        if MARK not in details:
            return details
        try:
            content = json.loads(details)
        except ValueError:
            return details
        match content:
            case {"details": {"$swflow": _} as inner}:
                return _written(content | {"details": json.loads(self.open(_written(inner)))})
            case _:
                return details

    # To the store and back.

    def _put(self, store: PayloadStore, key: str, data: bytes) -> None:
        try:
            store.put(prefix(self._domain) + key, data)
        except Exception as error:
            raise PayloadError(
                f"a payload of {len(data):,} bytes could not be put into {store}: {error}",
                passing=True,
            ) from error

    def _get(self, envelope: Envelope) -> bytes:
        if self._store is None:
            raise PayloadError(
                f"a payload is stored in {envelope.store}, and this process has no store; "
                f"{_GIVE_IT}",
                brief=f"stored in {envelope.store}, not fetched",
            )
        key = prefix(self._domain) + envelope.stored
        try:
            found = self._store.get(key)
        except KeyError as error:
            raise PayloadError(
                f"the payload {key} is not in {self._store}; it was put into {envelope.store}",
                brief=f"stored in {envelope.store}, and not there any more",
            ) from error
        except Exception as error:
            raise PayloadError(
                f"the payload {key} could not be fetched from {self._store}: {error}", passing=True
            ) from error
        if not envelope.stored.endswith(hashlib.sha256(found).hexdigest()):
            raise _damaged(envelope)
        return found

    # Encoding.

    def _encode(self, data: bytes) -> tuple[bytes, tuple[str, ...]]:
        squeezed = gzip.compress(data, 6, mtime=0)
        if len(squeezed) < len(data):
            return self._through_codecs(squeezed), (_GZIP, *self._codecs)
        return self._through_codecs(data), tuple(self._codecs)

    def _through_codecs(self, data: bytes) -> bytes:
        for codec in self._codecs.values():
            data = codec.encode(data, self._domain)
        return data

    def _decode(self, envelope: Envelope, data: bytes) -> bytes:
        for name in reversed(envelope.encoding):
            data = _unzipped(data, envelope) if name == _GZIP else self._back(name, data)
        if len(data) != envelope.size:
            raise _damaged(envelope)
        return data

    def _digest_of(self, envelope: Envelope) -> bytes:
        digest = envelope.of
        for name in reversed(envelope.encoding):
            if name != _GZIP:
                digest = self._back(name, digest)
        return digest

    def _back(self, name: str, data: bytes) -> bytes:
        codec = self._codecs.get(name)
        if codec is None:
            is_secret = name == Encryption.name
            raise PayloadError(
                f"a payload was encoded by {name!r}, which this process does not have; {_GIVE_IT}",
                brief="encrypted, no key given" if is_secret else f"encoded by {name!r}",
            )
        return codec.decode(data, self._domain)


PLAIN_SEALER = Sealer("", PLAIN)
"""For payloads that travel as they are."""


def all_of(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What a function gives of each item, several at a time: it waits for a store."""
    items = list(items)
    if len(items) < 2:  # noqa: PLR2004 - one needs no company
        return [function(each) for each in items]
    with ThreadPoolExecutor(min(len(items), _AT_ONCE), "payloads") as pool:
        return list(pool.map(function, items))


def prefix(domain: str) -> str:
    """What the keys of a domain's payloads begin with: its name, with nothing a path could mean."""
    name = quote(domain, safe="")
    return f"{name.replace('.', '%2E', 1) if name.startswith('.') else name}/"


def too_long(text: str, what: str, limit: int = MAX_PAYLOAD) -> SerializationError:
    """What is said of a payload that is too long."""
    return SerializationError(
        f"{what} is {len(text):,} characters as JSON and Amazon SWF takes at most {limit:,}; "
        f"give the Client a payload store, or store the data and pass where it is"
    )


def _unzipped(data: bytes, envelope: Envelope) -> bytes:
    """The data, as far as it is not longer than the envelope says."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, envelope.size + 1)
    except zlib.error as error:
        raise _damaged(envelope) from error


def _damaged(envelope: Envelope) -> PayloadError:
    where = f"the payload {envelope.stored} in {envelope.store}" if envelope.stored else "a payload"
    return PayloadError(f"{where} is damaged: it is not what was sealed", retry=False)


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
