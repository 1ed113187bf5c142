"""One client's connection: requests in, answers out."""

import asyncio
import json
import re
import select
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from localswf import errors
from localswf.core.events import compact_json, parse_json
from localswf.http.metrics import SUCCESS
from localswf.http.signature import verify
from localswf.http.wire import (
    CONTINUE,
    LARGEST_BODY,
    LARGEST_HEAD,
    Head,
    HttpError,
    parse_head,
    response,
    take_body,
)
from localswf.model import Answer, operations

if TYPE_CHECKING:
    from localswf.http.server import Server

_REGION = re.compile(r"Credential=[^/,\s]*/[0-9]*/([a-z][a-z0-9-]*)/")
_ANY_REGION = "us-east-1"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_POLLS = frozenset({"PollForActivityTask", "PollForDecisionTask"})
_LAST_WORDS_SECONDS = 2.0
_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Connection(asyncio.Protocol):
    """One client's connection.

    Requests are carried out one after the other: what a client pipelines waits in the buffer until
    the answer before it is sent.
    """

    _transport: asyncio.Transport
    _hanging_up: select.poll

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._buffer = bytearray()
        self._head: Head | None = None
        self._call: asyncio.Future[Any] | None = None
        self._polling = False
        self._ended = False
        self._hung_up = False
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up a connection."""
        # uvloop's do not say that they are.
        self._transport = cast("asyncio.Transport", transport)
        self._hanging_up = select.poll()
        self._hanging_up.register(transport.get_extra_info("socket"), select.POLLRDHUP)
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take in bytes and carry out the requests that are complete."""
        if self._hung_up:
            return
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
            self._hang_up()
        return self._closed

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    # What happens to a request.

    def _proceed(self) -> None:
        """Carry out the requests in the buffer until one has to be waited for."""
        try:
            while self._call is None and not self._hung_up:
                head = self._head = self._head or self._next_head()
                if head is None or (body := take_body(self._buffer, head)) is None:
                    return
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
        if expects and (head.length is None or len(self._buffer) < head.length):
            self._transport.write(CONTINUE)
        return head

    def _carry_out(self, head: Head, body: bytes) -> None:
        match head.method, head.path:
            case "POST", "/reset":
                self._reset(head, body)
            case "POST", _:
                self._call_service(head, body)
            case "GET", path:
                self._show(path.partition("?")[0], head)
            case _:
                self._not_found(head)

    def _show(self, path: str, head: Head) -> None:
        match path:
            case "/health":
                self._show_health(head)
            case "/metrics":
                self._show_metrics(head)
            case _:
                self._not_found(head)

    def _show_health(self, head: Head) -> None:
        failure = self._server.service.failure
        if failure is None:
            status, health = HTTPStatus.OK, {"status": "ok"}
        else:
            reason = str(errors.unwritable(failure))
            status, health = HTTPStatus.SERVICE_UNAVAILABLE, {"status": "failing", "reason": reason}
        self._send(status, compact_json(health).encode(), keep_alive=head.keep_alive)

    def _show_metrics(self, head: Head) -> None:
        kind, body = self._server.metrics.render(head.headers.get("accept", ""))
        self._send(HTTPStatus.OK, body, keep_alive=head.keep_alive, content_type=kind)

    def _not_found(self, head: Head) -> None:
        refusal = errors.unknown_operation()
        refusal.status = HTTPStatus.NOT_FOUND.value
        # After HEAD a client takes the body for the next response.
        self._send_error(refusal, keep_alive=head.keep_alive and head.method != "HEAD")

    def _reset(self, head: Head, body: bytes) -> None:
        if self._server.renew is None:
            self._not_found(head)
            return
        try:
            self._verify(head, body)
        except errors.SwfError as error:
            self._send_error(error, keep_alive=head.keep_alive)
            return
        self._call = asyncio.ensure_future(self._server.reset())
        self._call.add_done_callback(partial(self._reset_done, head))

    def _reset_done(self, head: Head, call: asyncio.Future[None]) -> None:
        self._call = None
        if not call.cancelled():
            call.result()
            self._send(HTTPStatus.OK, b"", keep_alive=head.keep_alive)
            self._proceed()

    def _verify(self, head: Head, body: bytes) -> None:
        """Make sure that a request is signed, if it has to be.

        Raises:
            SwfError: it is not.
        """
        if self._server.keys is not None:
            verify(head, body, self._server.keys, datetime.now(UTC))

    def _call_service(self, head: Head, body: bytes) -> None:
        begun = perf_counter()
        operation = head.headers.get("x-amz-target", "").rpartition(".")[2]
        region = _REGION.search(head.headers.get("authorization", ""))
        try:
            self._verify(head, body)
            request = _parse(body)
        except errors.SwfError as error:
            self._refuse(operation, head, begun, error)
            return
        call = self._server.service.call(
            operation,
            request,
            region=region[1] if region else _ANY_REGION,
            connected=self._connected,
        )
        if call.done():
            self._answer(operation, head, begun, call)
        else:
            self._call = call
            self._polling = operation in _POLLS
            call.add_done_callback(partial(self._answer_later, operation, head, begun))

    def _answer_later(
        self, operation: str, head: Head, begun: float, call: asyncio.Future[Answer]
    ) -> None:
        self._call = None
        self._polling = False
        if not call.cancelled():
            self._answer(operation, head, begun, call)
            if not self._transport.is_closing():
                self._transport.resume_reading()
                self._proceed()

    def _answer(
        self, operation: str, head: Head, begun: float, call: asyncio.Future[Answer]
    ) -> None:
        error = call.exception()
        if isinstance(error, errors.SwfError):
            self._refuse(operation, head, begun, error)
        else:
            body = b"" if operations()[operation].void else _encode(call.result())
            self._send(HTTPStatus.OK, body, keep_alive=head.keep_alive)
            self._server.metrics.requests.record(operation, SUCCESS, perf_counter() - begun)

    def _refuse(self, operation: str, head: Head, begun: float, error: errors.SwfError) -> None:
        self._send_error(error, keep_alive=head.keep_alive)
        self._server.metrics.requests.record(operation, error.code, perf_counter() - begun)

    def _send_error(self, error: errors.SwfError, *, keep_alive: bool) -> None:
        body = compact_json(error.body()).encode()
        self._send(error.status, body, keep_alive=keep_alive)

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        keep_alive: bool,
        content_type: str = _CONTENT_TYPE,
    ) -> None:
        # A client that is gone, which `connection_lost` is yet to say.
        if self._transport.is_closing():
            return
        keep_alive = keep_alive and not self._ended and not self._server.stopping
        request_id = next(self._server.request_ids)
        self._transport.write(
            response(status, request_id, content_type, body, keep_alive=keep_alive)
        )
        if not keep_alive:
            self._hang_up()

    def _hang_up(self) -> None:
        """Say no more, and let a client that is still talking come to its end.

        Were the connection closed on it, its system would throw the answer away unread.
        """
        self._hung_up = True
        self._buffer.clear()
        self._head = None
        if self._ended or self._server.stopping:
            self._transport.close()
        else:
            self._transport.write_eof()
            loop = asyncio.get_running_loop()
            loop.call_later(_LAST_WORDS_SECONDS, self._transport.close)

    def _connected(self) -> bool:
        """Whether the client is still there; asked before it is given a task."""
        if self._transport.is_closing():
            return False
        # The loop may not have come round yet to hear that the client hung up.
        return not any(event & _GONE for _, event in self._hanging_up.poll(0))


def _without_nulls(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in members if value is not None}


_parse_without_nulls = json.JSONDecoder(object_pairs_hook=_without_nulls).decode


def _parse(body: bytes) -> Any:
    """JSON; a member that is null is one that is not there."""
    if not body:
        return {}
    try:
        if b"null" not in body:
            return parse_json(body)
        return _parse_without_nulls(body.decode("utf-8", "surrogatepass"))
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
