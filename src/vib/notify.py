import hashlib
import hmac
import json
import time
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

import urllib3

import swflow
from swflow import Retry

PATIENCE = Retry(failures=16, timeouts=(1,) * 16, backoff=timedelta(seconds=5))
"""How often the web application is told again: for some seven hours."""

TIMEOUT = urllib3.Timeout(connect=10, read=60)
REPLAY_WINDOW = 300  # seconds
SIGNATURE_HEADER = "X-Vib-Signature"


class NotifyError(Exception):
    """The web application could not be told; trying again may help."""


class BadSignature(Exception):  # noqa: N818 (named as the standard library names such things)
    """A call is not from us, was changed on its way, or is too old to be accepted again."""


class WebApplication:
    """Whom the pipeline tells what became of a user's files."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def tell(self, user_id: UUID, media_id: UUID, status: str, **more: str | None) -> None:
        """POST a message as signed JSON: `id`, `uid` (user), `mid` (video), `status` and `more`.

        All calls of an activity that is tried again have the same `id`: by it the receiver knows
        what it has heard already. What is None is left out.

        Raises:
            NotifyError: it did not answer, or not with a 2xx status.
        """
        message = {
            "id": _message_id(media_id),
            "uid": str(user_id),
            "mid": str(media_id),
            "status": status,
            **{name: value for name, value in more.items() if value is not None},
        }
        body = json.dumps(message).encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(self._secret, body, int(time.time())),
        }
        try:
            answer = urllib3.request(
                "POST", self._url, body=body, headers=headers,
                timeout=TIMEOUT, retries=False, redirect=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise NotifyError(f"{self._url} could not be reached: {error}") from error
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            raise NotifyError(f"{self._url} answered with status {answer.status}.")


def _message_id(media_id: UUID) -> str:
    try:
        info = swflow.activity_info()
    except LookupError:  # called as a plain function, without a worker
        return str(uuid4())
    return str(uuid5(media_id, f"{info.run_id} {info.name}"))


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """The signature header's value: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`."""
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def verify(secret: str, body: bytes, signature: str, now: float) -> None:
    """Check a received call.

    Raises:
        BadSignature: the signature is not ours, or is further than REPLAY_WINDOW from `now`.
    """
    timestamp = signature.removeprefix("t=").partition(",")[0]
    if not (timestamp.isascii() and timestamp.isdecimal()):
        raise BadSignature("The signature has no time.")
    if not hmac.compare_digest(sign(secret, body, int(timestamp)).encode(), signature.encode()):
        raise BadSignature("The signature does not fit the message.")
    if abs(now - int(timestamp)) > REPLAY_WINDOW:
        raise BadSignature("The message is too old.")
