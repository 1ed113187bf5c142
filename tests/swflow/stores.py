"""A service that speaks as Amazon S3 does, as a process, and stores that tests look into."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import boto3

from harness.aws import aws

BUCKET = "films"


class MemoryStore:
    """What a program may write itself: a store with the four methods."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.puts = 0
        self.gets = 0
        self.trouble: Exception | None = None

    def put(self, key: str, data: bytes) -> None:
        self._ready()
        self.puts += 1
        self.content[key] = data

    def get(self, key: str) -> bytes:
        self._ready()
        self.gets += 1
        return self.content[key]

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.content if key.startswith(prefix))

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.content.pop(key, None)

    def _ready(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def __str__(self) -> str:
        return "memory"


def noise(length: int, seed: int = 0) -> str:
    """JSON of about this length that does not become much shorter."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    text = "".join(chr(generator.randrange(0x4E00, 0x9FFF)) for _ in range(length))
    return json.dumps(text, ensure_ascii=False)


HIDDEN = "butler"


def long_film() -> list[str]:
    """What does not become much shorter than it is."""
    return [f"{HIDDEN} {noise(40, seed)}" for seed in range(1_000)]


@contextmanager
def s3_server() -> Iterator[str]:
    """Where a server of its own listens; the bucket is there."""
    with aws() as endpoint_url:
        boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        ).create_bucket(Bucket=BUCKET)
        yield endpoint_url
