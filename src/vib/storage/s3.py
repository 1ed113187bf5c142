import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from vib.storage.interface import checked

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectIdentifierTypeDef

_MISSING = frozenset({"NoSuchKey", "404"})


class S3Storage:
    """A `Storage` in a bucket of Amazon S3, or of a service that speaks like it.

    Credentials are boto3's; what they need is s3:PutObject, s3:GetObject, s3:DeleteObject and
    s3:AbortMultipartUpload on the objects, s3:ListBucket and s3:ListBucketMultipartUploads on the
    bucket.
    """

    def __init__(
        self,
        bucket: str,
        scratch: Path,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
    ) -> None:
        """Say where; the bucket is asked for nothing yet.

        Args:
            bucket: its name.
            scratch: the folder for copies that are being read.
            endpoint_url: where the service is, if it is not Amazon's.
            region: the region, if it is not the one that boto3 is configured for.
        """
        self._bucket = bucket
        self._scratch = scratch
        self._endpoint_url = endpoint_url
        self._region = region
        # A boto3 client must not cross a fork: its sockets would be shared.
        self._clients: dict[int, S3Client] = {}

    def save(self, key: str, source: Path) -> None:
        """Store a copy of the file `source` under `key`; a large one goes in several parts."""
        self._s3.upload_file(str(source), self._bucket, checked(key))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A copy of the file under `key`, which is gone after the `with` block.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """
        with TemporaryDirectory(dir=self._scratch) as folder:
            path = Path(folder) / PurePosixPath(checked(key)).name
            try:
                self._s3.download_file(self._bucket, key, str(path))
            except ClientError as error:
                raise self._explained(error, key) from error
            yield path

    def size(self, key: str) -> int:
        """The bytes under `key`.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=checked(key))["ContentLength"]
        except ClientError as error:
            raise self._explained(error, key) from error

    def exists(self, key: str) -> bool:
        """Whether something is stored under `key`."""
        try:
            self.size(key)
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove the file under `key`, if there is one."""
        self._s3.delete_object(Bucket=self._bucket, Key=checked(key))

    def delete_folder(self, folder: str) -> None:
        """Remove every file whose key begins with `folder` and a slash.

        Raises:
            OSError: the service would not remove one of them.
        """
        for page in self._pages(f"{checked(folder)}/"):
            found: list[ObjectIdentifierTypeDef] = [
                {"Key": each["Key"]} for each in page.get("Contents", ())
            ]
            if found:
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": found, "Quiet": True}
                )
                for each in answer.get("Errors", ()):
                    raise OSError(f"{each.get('Key')} was not removed: {each.get('Message')}")

    def keys(self, folder: str) -> Iterator[str]:
        """Every key that begins with `folder` and a slash."""
        for page in self._pages(f"{checked(folder)}/"):
            for each in page.get("Contents", ()):
                yield each["Key"]

    def folders(self, folder: str = "") -> Iterator[str]:
        """The names of the folders right below `folder`; the topmost ones if it is left out."""
        prefix = f"{checked(folder)}/" if folder else ""
        for page in self._pages(prefix, Delimiter="/"):
            for each in page.get("CommonPrefixes", ()):
                yield each["Prefix"].removeprefix(prefix).rstrip("/")

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Remove what processes that were killed while they saved have left; how much there was."""
        before = datetime.now(UTC) - older_than
        count = 0
        pages = self._s3.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=self._bucket):
            for each in page.get("Uploads", ()):
                if each["Initiated"] < before:
                    self._s3.abort_multipart_upload(
                        Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]
                    )
                    count += 1
        return count

    def url(self, key: str, lifetime: timedelta) -> str:
        """A signed address that reads the file under `key`; no longer than the credentials live."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": checked(key)},
            ExpiresIn=round(lifetime.total_seconds()),
        )

    def _pages(self, prefix: str, **more: Any) -> "Iterable[ListObjectsV2OutputTypeDef]":
        pages = self._s3.get_paginator("list_objects_v2")
        return pages.paginate(Bucket=self._bucket, Prefix=prefix, **more)

    def _explained(self, error: ClientError, key: str) -> Exception:
        if error.response["Error"]["Code"] in _MISSING:
            return FileNotFoundError(f"Nothing is stored under {key!r} in bucket {self._bucket}.")
        return error

    @property
    def _s3(self) -> "S3Client":
        process = os.getpid()
        if process not in self._clients:
            config = Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 5},
                signature_version="s3v4",  # what signed addresses have to be made with
            )
            session = boto3.Session(region_name=self._region)
            client = session.client("s3", endpoint_url=self._endpoint_url, config=config)
            self._clients = {process: client}
        return self._clients[process]
