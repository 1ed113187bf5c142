import base64
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Self

ALGORITHMS = ("sha1", "sha256", "md5")


@dataclass(frozen=True)
class Checksum:
    """What the content of one request has to add up to."""

    algorithm: str
    digest: bytes

    @classmethod
    def read(cls, header: str) -> Self:
        """Take a checksum from the header `Upload-Checksum`: the algorithm and its Base64.

        Raises:
            ValueError: it is none, or of an algorithm that is not known here.
        """
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"{algorithm!r} is none of {', '.join(ALGORITHMS)}")
        digest = base64.b64decode(encoded, validate=True)
        if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise ValueError(f"the digest is not as long as one of {algorithm}")
        return cls(algorithm, digest)


class Spool:
    """What has arrived and is not stored yet, in a file that goes with the `with` block."""

    def __init__(self, folder: Path, checksum: Checksum | None) -> None:
        self._file = NamedTemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._checksum = checksum
        self._sum = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self.path = Path(self._file.name)
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, chunk: bytes) -> None:
        """Add what has arrived."""
        self._file.write(chunk)
        self.bytes += len(chunk)
        if self._sum is not None:
            self._sum.update(chunk)

    def flush(self) -> None:
        """Have all of it in the file, for whoever reads that."""
        self._file.flush()

    def clear(self) -> None:
        """Begin again with nothing."""
        self._file.seek(0)
        self._file.truncate()
        self.bytes = 0

    def adds_up(self) -> bool:
        """Whether all that was written is what the checksum says, if there is one."""
        if self._checksum is None or self._sum is None:
            return True
        return hmac.compare_digest(self._sum.digest(), self._checksum.digest)
