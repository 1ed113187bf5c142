"""A client of SWF that is as thin as one can be: a socket, HTTP/1.1 and JSON, unsigned."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson

Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Carries out an operation; one at a time."""

_REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"X-Amz-Target: SimpleWorkflowService.%b\r\nContent-Length: %d\r\n\r\n%b"
)
_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length:"


class RefusedError(Exception):
    """The service answered with an error; the message is its body."""


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a port of this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation.

        Raises:
            RefusedError: the service refused it.
            ConnectionError: the service is gone.
        """
        body = orjson.dumps(request)
        self._answer = self._loop.create_future()
        self._transport.write(_REQUEST % (operation.encode(), len(body), body))
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up the connection."""
        # uvloop's do not say that they are.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in bytes until the answer is complete."""
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        answer, self._buffer = self._buffer, b""
        if self._answer.done():
            return
        body = answer[end + 4 :]
        if answer.startswith(_OK):
            self._answer.set_result(orjson.loads(body) if body else {})
        else:
            self._answer.set_exception(RefusedError(body.decode()))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits."""
        if not self._answer.done():
            self._answer.set_exception(error or ConnectionError("The service hung up."))
