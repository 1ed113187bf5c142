"""HTTP/1.1 as the AWS SDKs speak it: parses requests and writes answers."""

import re
from dataclasses import dataclass
from http import HTTPStatus

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 1024 * 1024

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,4096}) HTTP/1\.([01])")


class HttpError(Exception):
    """Bytes that are no request this server takes; the connection is of no more use."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class Head:
    """The first part of a request.

    Attributes:
        method: GET, POST, ...
        path: the request target.
        headers: by lower-case name; of a repeated one the last.
        length: how many bytes of body follow.
        keep_alive: whether the client wants to go on with the connection.
    """

    method: str
    path: str
    headers: dict[str, str]
    length: int
    keep_alive: bool


def parse_head(raw: bytes) -> Head:
    """Read a request's head, without the empty line that ends it.

    Raises:
        HttpError: it is none, or one that says more than this server understands.
    """
    line, *rest = raw.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "The request line is malformed.")
    headers: dict[str, str] = {}
    for field in rest:
        name, colon, value = field.partition(b":")
        if not colon or not name or name != name.strip():
            raise HttpError(HTTPStatus.BAD_REQUEST, "A header is malformed.")
        headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    if "transfer-encoding" in headers:
        raise HttpError(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
    connection = headers.get("connection", "").lower()
    keep_alive = connection != "close" if match[3] == b"1" else connection == "keep-alive"
    return Head(match[1].decode(), match[2].decode(), headers, _length(headers), keep_alive)


def response(
    status: HTTPStatus, headers: dict[str, str], body: bytes, *, keep_alive: bool
) -> bytes:
    """An answer in full."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise HttpError(HTTPStatus.BAD_REQUEST, "Content-Length is no number.")
    length = int(text) if len(text) < len(str(LARGEST_BODY)) + 1 else LARGEST_BODY + 1
    if length > LARGEST_BODY:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A request may be 1 MB at most.")
    return length
