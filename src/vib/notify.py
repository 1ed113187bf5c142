import hashlib
import hmac
import json
import time
from typing import Any

import urllib3

TIMEOUT = urllib3.Timeout(connect=10, read=60)
REPLAY_WINDOW = 300  # seconds
SIGNATURE_HEADER = "X-Vib-Signature"


class NotifyError(Exception):
    """The web application could not be told; trying again may help."""


class BadSignature(Exception):  # noqa: N818 (named as the standard library names such things)
    """A call is not from us, was changed on its way, or is too old to be accepted again."""


def notify(url: str, secret: str, message: dict[str, Any]) -> None:
    """POST `message` as signed JSON to the web application.

    Raises:
        NotifyError: it did not answer, or not with a 2xx status.
    """
    body = json.dumps(message).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: sign(secret, body, int(time.time())),
    }
    try:
        answer = urllib3.request(
            "POST", url, body=body, headers=headers, timeout=TIMEOUT, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise NotifyError(f"The web application at {url} could not be reached: {error}") from error
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        raise NotifyError(f"The web application at {url} answered with status {answer.status}.")


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
