"""HTTP/1.1 as the AWS SDKs speak it: parses requests and writes answers."""

import re
from dataclasses import dataclass
from http import HTTPStatus

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 1024 * 1024

_LONGEST_CHUNK_LINE = 1024
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?")
_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) ([!-~]{1,4096}) HTTP/1\.([01])")
_STATUS_LINES = {one.value: f"HTTP/1.1 {one.value} {one.phrase}" for one in HTTPStatus}
_BLANKS = " \t\n\r\v\f"


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
        length: how many bytes of body follow; None if the body comes in chunks.
        keep_alive: whether the client wants to go on with the connection.
    """

    method: str
    path: str
    headers: dict[str, str]
    length: int | None
    keep_alive: bool


def parse_head(raw: bytes) -> Head:
    """Read a request's head, without the empty line that ends it.

    Raises:
        HttpError: it is none, or one that says more than this server understands.
    """
    line, *fields = raw.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "The request line is malformed.")
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not name or name != name.strip(_BLANKS):
            raise HttpError(HTTPStatus.BAD_REQUEST, "A header is malformed.")
        headers[name.lower()] = value.strip(_BLANKS)
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if match[3] == "1" else "keep-alive" in connection
    return Head(match[1], match[2], headers, _length(headers), keep_alive)


def take_body(buffer: bytearray, head: Head) -> bytes | None:
    """Take a request's body from the buffer that begins with it; None if it is not all there.

    Raises:
        HttpError: it is malformed or too long.
    """
    if head.length is None:
        return _take_chunks(buffer)
    if len(buffer) < head.length:
        return None
    body = bytes(buffer[: head.length])
    del buffer[: head.length]
    return body


def response(
    status: int, request_id: str, content_type: str, body: bytes, *, keep_alive: bool
) -> bytes:
    """An answer in full."""
    connection = "" if keep_alive else "Connection: close\r\n"
    head = (
        f"{_STATUS_LINES[status]}\r\nx-amzn-RequestId: {request_id}\r\n"
        f"Content-Type: {content_type}\r\n{connection}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _length(headers: dict[str, str]) -> int | None:
    encoding, text = headers.get("transfer-encoding"), headers.get("content-length", "0")
    if encoding is not None:
        if encoding.lower() != "chunked" or "content-length" in headers:
            raise HttpError(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
        return None
    if not (text.isascii() and text.isdigit()):
        raise HttpError(HTTPStatus.BAD_REQUEST, "Content-Length is no number.")
    length = int(text) if len(text) < len(str(LARGEST_BODY)) + 1 else LARGEST_BODY + 1
    if length > LARGEST_BODY:
        raise _too_large()
    return length


def _take_chunks(buffer: bytearray) -> bytes | None:
    body = bytearray()
    at = 0
    while (chunk := _chunk(buffer, at)) is not None:
        data, at = chunk
        body += data
        if len(body) > LARGEST_BODY:
            raise _too_large()
        if not data:
            # Fields may follow the last chunk; an empty line ends them.
            end = buffer.find(b"\r\n\r\n", at - 2)
            if end < 0:
                break
            del buffer[: end + 4]
            return bytes(body)
    if len(buffer) > LARGEST_BODY + LARGEST_HEAD:
        raise _too_large()
    return None


def _chunk(buffer: bytearray, start: int) -> tuple[bytes, int] | None:
    """The chunk at `start`, the last one empty, and where it ends; None if it is not all there."""
    end = buffer.find(b"\r\n", start, start + _LONGEST_CHUNK_LINE)
    if end < 0 and len(buffer) < start + _LONGEST_CHUNK_LINE:
        return None
    line = _CHUNK_LINE.fullmatch(buffer, start, end) if end > 0 else None
    if line is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "A chunk of the body is malformed.")
    size = int(line[1], 16)
    first, last = end + 2, end + 2 + size
    if not size:
        return b"", first
    if len(buffer) < last + 2:
        return None
    if buffer[last : last + 2] != b"\r\n":
        raise HttpError(HTTPStatus.BAD_REQUEST, "A chunk of the body is malformed.")
    return bytes(buffer[first:last]), last + 2


def _too_large() -> HttpError:
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A request may be 1 MB at most.")
