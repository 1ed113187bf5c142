"""How a payload travels that cannot be sent as it is: in an envelope, which is JSON as well.

    {"$swflow": {"size": 48210, "encoding": ["gzip"], "data": "H4sIAAAAAAAC..."}}
    {"$swflow": {"size": 961043, "encoding": ["gzip"], "stored": "2026-01-31/5f1c...",
                 "store": "s3://films/payloads", "of": "nJsB..."}}

`size` is that of the payload in bytes of UTF-8, `encoding` what was done to it, in order. `data`
are the encoded bytes in base64; or `stored` says where in the store they are: a day, and their
SHA-256. `store` says which store that was, for people. `of` is the payload's own SHA-256 in base64,
to know it by without the store; where the payload is encrypted, so is this.
"""

import base64
import json
import re
from dataclasses import dataclass

from swflow.errors import PayloadError

MARK = '{"$swflow":'
"""What an envelope begins with; a payload that happens to begin so is put into one."""

_WHERE = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9a-f]{64}")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope, opened as far as it can be without a store.

    Attributes:
        size: of the payload, in bytes of UTF-8.
        encoding: what was done to the payload, in order.
        data: the encoded bytes, if they travel in the envelope.
        stored: where the encoded bytes are, if they do not.
        store: which store they were put into.
        of: the payload's SHA-256, encoded by the codecs, if it is stored.
    """

    size: int
    encoding: tuple[str, ...]
    data: bytes = b""
    stored: str = ""
    store: str = ""
    of: bytes = b""

    def text(self) -> str:
        """The envelope as it travels."""
        says: dict[str, object] = {"size": self.size, "encoding": self.encoding}
        if self.stored:
            says |= {"stored": self.stored, "store": self.store, "of": _base64(self.of)}
        else:
            says["data"] = _base64(self.data)
        return json.dumps({"$swflow": says}, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> "Envelope":
        """The envelope in a text that begins with the mark.

        Raises:
            PayloadError: it is none.
        """
        try:
            content = json.loads(text)
            match content:
                case {
                    "$swflow": {
                        "size": int(size),
                        "encoding": [*encoding],
                        "stored": str(stored),
                        "store": str(store),
                        "of": str(of),
                    }
                } if _WHERE.fullmatch(stored):
                    known = base64.b64decode(of, validate=True)
                    return cls(size, tuple(encoding), stored=stored, store=store, of=known)
                case {"$swflow": {"size": int(size), "encoding": [*encoding], "data": str(data)}}:
                    return cls(size, tuple(encoding), data=base64.b64decode(data, validate=True))
        except ValueError:  # no JSON, no base64
            pass
        raise PayloadError(
            f"a payload begins as an envelope of swflow and is none: {text[:_SHOWN]}", retry=False
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
