"""The service over HTTP, as the AWS SDKs talk to it."""

import asyncio
import json
import re
import select
import uuid
from functools import partial
from http import HTTPStatus
from typing import Any

from localswf import errors
from localswf.events import compact_json
from localswf.model import Answer, operations
from localswf.service import Service
from localswf.wire import (
    CONTINUE,
    LARGEST_BODY,
    LARGEST_HEAD,
    Head,
    HttpError,
    parse_head,
    response,
)

_REGION = re.compile(r"Credential=[^/,\s]*/[0-9]*/([a-z0-9-]+)/")
_ANY_REGION = "us-east-1"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_POLLS = frozenset({"PollForActivityTask", "PollForDecisionTask"})
_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_GRACE_SECONDS = 5.0


class Server:
    """Serves a service to any number of connections."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.connections: set[Connection] = set()
        self.stopping = False
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, a free one if `port` is 0.

        Raises:
            OSError: the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port)
        self.service.wake()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Take no more requests, answer those at hand, end every connection and the service."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        self.service.drain()
        ends = [connection.finish() for connection in self.connections]
        if ends:
            await asyncio.wait(ends, timeout=_GRACE_SECONDS)
        for connection in list(self.connections):
            connection.abort()
        await self.service.close()


class Connection(asyncio.Protocol):
    """One client's connection.

    Requests are carried out one after the other: what a client pipelines waits in the buffer until
    the answer before it is sent.
    """

    _transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._head: Head | None = None
        self._call: asyncio.Future[Answer] | None = None
        self._polling = False
        self._ended = False
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up a connection."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"A connection needs a stream, not {transport!r}.")
        self._transport = transport
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take in bytes and carry out the requests that are complete."""
        self._buffer += data
        self._proceed()
        if self._call is not None and len(self._buffer) > LARGEST_HEAD + LARGEST_BODY:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """A client that will say no more gets the answer that is due, but no task."""
        self._ended = True
        if self._call is None and (self._buffer or self._head is not None):
            self._send_error(errors.serialization("The request is incomplete."), keep_alive=False)
        return self._call is not None and not self._polling

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the connection and the poll that waits for it, if one does."""
        self._server.connections.discard(self)
        if self._call is not None:
            self._call.cancel()
        self._closed.set_result(None)

    # How the server ends it.

    def finish(self) -> asyncio.Future[None]:
        """End the connection after the answer that is due, if there is one."""
        if self._call is None:
            self._transport.close()
        return self._closed

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    # What happens to a request.

    def _proceed(self) -> None:
        """Carry out the requests in the buffer until one has to be waited for."""
        try:
            while self._call is None and not self._transport.is_closing():
                head = self._head = self._head or self._next_head()
                if head is None or len(self._buffer) < head.length:
                    return
                body = bytes(self._buffer[: head.length])
                del self._buffer[: head.length]
                self._head = None
                self._carry_out(head, body)
        except HttpError as error:
            refusal = errors.serialization(error.message)
            refusal.status = error.status.value
            self._send_error(refusal, keep_alive=False)

    def _next_head(self) -> Head | None:
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", 0, LARGEST_HEAD)
        if end < 0:
            if len(self._buffer) >= LARGEST_HEAD:
                status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                raise HttpError(status, "The request's headers are too long.")
            return None
        head = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        expects = head.headers.get("expect", "").lower() == "100-continue"
        if expects and len(self._buffer) < head.length:
            self._transport.write(CONTINUE)
        return head

    def _carry_out(self, head: Head, body: bytes) -> None:
        if head.method == "POST":
            self._call_service(head, body)
        elif head.method == "GET" and head.path == "/health":
            self._send(HTTPStatus.OK, b'{"status":"ok"}', keep_alive=head.keep_alive)
        else:
            refusal = errors.unknown_operation()
            refusal.status = HTTPStatus.NOT_FOUND.value
            # After HEAD a client takes the body for the next response.
            self._send_error(refusal, keep_alive=head.keep_alive and head.method != "HEAD")

    def _call_service(self, head: Head, body: bytes) -> None:
        operation = head.headers.get("x-amz-target", "").rpartition(".")[2]
        region = _REGION.search(head.headers.get("authorization", ""))
        try:
            request = _parse(body)
        except errors.SwfError as error:
            self._send_error(error, keep_alive=head.keep_alive)
            return
        call = self._server.service.call(
            operation,
            request,
            region=region[1] if region else _ANY_REGION,
            connected=self._connected,
        )
        if call.done():
            self._answer(operation, head, call)
        else:
            self._call = call
            self._polling = operation in _POLLS
            call.add_done_callback(partial(self._answer_later, operation, head))

    def _answer_later(self, operation: str, head: Head, call: asyncio.Future[Answer]) -> None:
        self._call = None
        self._polling = False
        if not call.cancelled():
            self._answer(operation, head, call)
            self._transport.resume_reading()
            self._proceed()

    def _answer(self, operation: str, head: Head, call: asyncio.Future[Answer]) -> None:
        error = call.exception()
        if isinstance(error, errors.SwfError):
            self._send_error(error, keep_alive=head.keep_alive)
        else:
            body = b"" if operations()[operation].void else _encode(call.result())
            self._send(HTTPStatus.OK, body, keep_alive=head.keep_alive)

    def _send_error(self, error: errors.SwfError, *, keep_alive: bool) -> None:
        body = compact_json(error.body()).encode()
        self._send(HTTPStatus(error.status), body, keep_alive=keep_alive)

    def _send(self, status: HTTPStatus, body: bytes, *, keep_alive: bool) -> None:
        keep_alive = keep_alive and not self._ended and not self._server.stopping
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": _CONTENT_TYPE}
        self._transport.write(response(status, headers, body, keep_alive=keep_alive))
        if not keep_alive:
            self._transport.close()

    def _connected(self) -> bool:
        """Whether the client is still there; asked before it is given a task."""
        if self._transport.is_closing():
            return False
        # The loop may not have come round yet to hear that the client hung up.
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket"), select.POLLRDHUP)
        return not any(event & _GONE for _, event in poll.poll(0))


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise errors.serialization("The body is no JSON.") from None


def _encode(answer: Answer) -> bytes:
    events = answer.get("events")
    if events is None:
        return compact_json(answer).encode()
    rest = {name: value for name, value in answer.items() if name != "events"}
    tail = f",{compact_json(rest)[1:]}" if rest else "}"
    # The events are JSON already.
    return f'{{"events":[{",".join(events)}]{tail}'.encode()
