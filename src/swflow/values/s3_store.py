"""Long payloads in a bucket of Amazon S3."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from swflow.errors import SwflowError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

_MISSING = frozenset({"NoSuchKey", "404"})
_BATCH = 1_000  # what DeleteObjects takes


class S3Store:
    """Keeps payloads as objects in a bucket of Amazon S3, or of a service that speaks like it.

    Credentials are boto3's; what they need is s3:PutObject and s3:GetObject on the objects, and
    s3:ListBucket: without it, S3 does not say of an object that it is missing. To sweep,
    s3:DeleteObject is needed as well.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        put_options: Mapping[str, Any] | None = None,
    ) -> None:
        """Say where; the bucket is asked for nothing yet.

        Args:
            bucket: its name.
            prefix: what the keys begin with, as in "payloads/".
            endpoint_url: where the service is, if it is not Amazon's.
            region: the region, if it is not the one that boto3 is configured for.
            profile: the profile of boto3's configuration, if it is not the default one.
            put_options: further parameters of PutObject, as in `{"ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": ...}`.
        """
        self._bucket = bucket
        self._prefix = prefix
        self._endpoint_url = endpoint_url
        self._region = region
        self._profile = profile
        self._put_options = dict(put_options or {})
        # A boto3 client must not cross a fork: its sockets would be shared.
        self._clients: dict[int, S3Client] = {}

    def put(self, key: str, data: bytes) -> None:
        """Write an object.

        Raises:
            ClientError: the service says no.
            BotoCoreError: it cannot be reached.
        """
        self._s3.put_object(
            Bucket=self._bucket, Key=self._prefix + key, Body=data, **self._put_options
        )

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises:
            KeyError: there is none.
            ClientError: the service says no.
            BotoCoreError: it cannot be reached.
        """
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise KeyError(key) from error
            raise

    def keys(self, prefix: str) -> Iterator[str]:
        """The objects whose keys begin with this, in order."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
            for each in page.get("Contents", ()):
                yield each["Key"].removeprefix(self._prefix)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects.

        Raises:
            SwflowError: the service would not delete one of them.
            ClientError: the service says no.
            BotoCoreError: it cannot be reached.
        """
        for first in range(0, len(keys), _BATCH):
            batch = keys[first : first + _BATCH]
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": self._prefix + each} for each in batch
            ]
            answer = self._s3.delete_objects(
                Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
            for each in answer.get("Errors", ()):
                raise SwflowError(f"{each.get('Key')} was not deleted: {each.get('Message')}")

    @property
    def _s3(self) -> "S3Client":
        process = os.getpid()
        if process not in self._clients:
            config = Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 5},
            )
            session = boto3.Session(region_name=self._region, profile_name=self._profile)
            client = session.client("s3", endpoint_url=self._endpoint_url, config=config)
            self._clients = {process: client}
        return self._clients[process]

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"
