"""Signature Version 4, for the few headers that a call to Amazon SWF signs."""

import functools
import hashlib
import hmac
import time
from typing import Protocol
from urllib.parse import quote

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """Keys that may be renewed from time to time, as a boto3 session gives them."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The keys as they are now."""


class Signer:
    """Signs the requests to one address.

    Args:
        credentials: asked for every request, so that they renew themselves; None if none are
            configured.
        region: the region of the endpoint.
        host: the Host header.
        path: the path of every request.
    """

    def __init__(
        self, credentials: Credentials | None, region: str, host: str, path: str = "/"
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._head = f"POST\n{quote(path, safe='/~')}\n\n"
        self._host = host

    def sign(self, content_type: str, target: str, body: bytes, at: float | None = None) -> str:
        """The headers that sign a request, each line with its end.

        Args:
            content_type: the Content-Type header.
            target: the X-Amz-Target header.
            body: what is sent.
            at: the time in seconds since the epoch; now if left out.

        Raises:
            NoCredentialsError: there are no keys.
            CredentialRetrievalError: they could not be renewed.
        """
        if self._credentials is None:
            raise NoCredentialsError
        keys = self._credentials.get_frozen_credentials()
        date = _date(int(time.time() if at is None else at))
        day, token = date[:8], keys.token
        headers = [f"content-type:{content_type}", f"host:{self._host}", f"x-amz-date:{date}"]
        names = "content-type;host;x-amz-date;x-amz-target"
        if token:
            headers.append(f"x-amz-security-token:{token}")
            names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        headers.append(f"x-amz-target:{target}")
        request = "\n".join([*headers, "", names, hashlib.sha256(body).hexdigest()])
        digest = hashlib.sha256((self._head + request).encode()).hexdigest()
        scope = f"{day}/{self._region}/swf/aws4_request"
        key = _key(keys.secret_key, day, self._region)
        signed = f"{_ALGORITHM}\n{date}\n{scope}\n{digest}".encode()
        signature = hmac.digest(key, signed, "sha256").hex()
        more = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        return (
            f"X-Amz-Date: {date}\r\n"
            f"{more}"
            f"Authorization: {_ALGORITHM} Credential={keys.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}\r\n"
        )


@functools.lru_cache(2)
def _date(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


@functools.lru_cache(4)
def _key(secret: str, day: str, region: str) -> bytes:
    """The key of a day, worked out once a day."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, "swf", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
