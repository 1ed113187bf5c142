"""What other servers answer, read within limits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

_TIMEOUT = urllib3.Timeout(connect=10, read=20)
_SECONDS = 60  # for all of an answer
_BLOCK = 65_536
# One for the process: connections are kept, and not shared with what is forked from it.
_pool = urllib3.PoolManager(maxsize=8, timeout=_TIMEOUT, retries=False)


class Unreachable(Exception):  # noqa: N818 - named for what is wrong
    """There was no answer, or not all of it; trying again may help."""


class TooLong(Exception):  # noqa: N818 - named for what is wrong
    """The answer has more bytes than are wanted."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; header names are as `urllib3` has them, whatever their case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(url: str, most_bytes: int, headers: Mapping[str, str] | None = None) -> Answer:
    """GET an address once: no redirect is followed, nothing is unpacked.

    No error says more of the address than its host: what follows may be a secret.

    Raises:
        Unreachable: there is no answer, or it takes too long.
        TooLong: the answer has more than `most_bytes`.
    """
    try:
        answer = _pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
        with answer:
            body = _body(answer, _host(url), most_bytes)
    except HTTPError as error:
        raise Unreachable(f"{_host(url)} does not answer: {type(error).__name__}.") from None
    return Answer(answer.status, answer.headers, body)


def _body(answer: urllib3.BaseHTTPResponse, host: str, most_bytes: int) -> bytes:
    end = time.monotonic() + _SECONDS
    body = b""
    for block in answer.stream(_BLOCK, decode_content=False):
        body += block
        if len(body) > most_bytes:
            raise TooLong(f"An answer of {host} has more than {most_bytes:,} bytes.")
        if time.monotonic() > end:
            raise Unreachable(f"{host} takes more than {_SECONDS} s for an answer.")
    return body


def _host(url: str) -> str:
    return urllib3.util.parse_url(url).netloc or "an address without a host"
