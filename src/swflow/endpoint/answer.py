"""An answer of an HTTP/1.1 endpoint, out of the bytes that arrive."""

import re
from typing import NamedTuple

_MAX_HEAD = 65_536
_INTERIM = 200
_NO_BODY = (204, 304)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *[^\r]*chunked")
_CLOSES = re.compile(rb"\r\nconnection: *close")


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: of HTTP.
        head: the status line and the headers.
        body: without its transfer coding.
        lasts: whether the connection can be used again.
    """

    status: int
    head: bytes
    body: bytes
    lasts: bool

    def headers(self) -> dict[str, str]:
        """The headers, by names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


def parsed(buffer: bytearray, *, ended: bool) -> Answer | None:
    """The answer in these bytes; None if it is not all there.

    Args:
        buffer: what was received; what is no answer yet, such as 100 Continue, is taken away.
        ended: whether this is all there will ever be.

    Raises:
        ConnectionError: this is not HTTP/1.1.
    """
    while True:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _MAX_HEAD:
                raise ConnectionError("the endpoint does not speak HTTP/1.1")
            return None
        head = bytes(buffer[:end])
        status = _status(head)
        if status >= _INTERIM:
            break
        del buffer[: end + 4]
    headers = head.lower()
    stop, body = _body(buffer, end + 4, status, headers, ended=ended)
    if stop is None:
        return None
    is_over = ended or len(buffer) > stop or _CLOSES.search(headers)
    return Answer(status, head, body, lasts=headers.startswith(b"http/1.1") and not is_over)


def _body(
    buffer: bytearray, start: int, status: int, headers: bytes, *, ended: bool
) -> tuple[int | None, bytes]:
    """Where the body ends, None if it is not all there; and the body."""
    if status in _NO_BODY:
        return start, b""
    if _CHUNKED.search(headers):
        return _unchunked(buffer, start)
    if length := _LENGTH.search(headers):
        stop = start + int(length[1])
        return (stop, bytes(memoryview(buffer)[start:stop])) if len(buffer) >= stop else (None, b"")
    # It goes on until the endpoint closes the connection.
    return (len(buffer), bytes(buffer[start:])) if ended else (None, b"")


def _status(head: bytes) -> int:
    try:
        return int(head.split(b" ", 2)[1])
    except (IndexError, ValueError):
        raise ConnectionError("the endpoint does not speak HTTP/1.1") from None


def _unchunked(buffer: bytearray, start: int) -> tuple[int | None, bytes]:
    """Where a body in chunks ends, if it is all there, and the body."""
    parts: list[bytes] = []
    while (end := buffer.find(b"\r\n", start)) >= 0:
        try:
            size = int(buffer[start:end].partition(b";")[0], 16)
        except ValueError:
            raise ConnectionError("the endpoint's answer has a chunk without a size") from None
        if size == 0:
            # Trailers end with an empty line, as heads do.
            last = buffer.find(b"\r\n\r\n", end)
            return (None if last < 0 else last + 4), b"".join(parts)
        start = end + 2 + size + 2
        if len(buffer) < start:
            break
        parts.append(bytes(buffer[end + 2 : start - 2]))
    return None, b""
