"""Long polls that can be hung up without losing a task.

A poll waits for up to a minute, and a process that is asked to stop must not. Dropping the
connection would also drop a task that was handed out in that very moment, and the task would then
sit there until its timeout. So only the sending half of the socket is closed: an endpoint that is
still waiting sees that nobody is there any more and ends the poll; a task that is already on its
way arrives, and is worked on.
"""

import logging
import os
import socket
import ssl
import time
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, BytesIO, RawIOBase
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from swflow.connection import Connection, delays, identity, is_passing
from swflow.errors import SwflowError
from swflow.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

_log = logging.getLogger(__name__)

_SEND_TIMEOUT = 10.0
_READ_TIMEOUT = 75.0  # an empty poll is answered after 60 seconds
_HANG_UP_TIMEOUT = 3.0

Operation = Literal["poll_for_decision_task", "poll_for_activity_task"]


class Poller:
    """Polls one task list, one poll at a time, until stopping is asked for.

    boto3 writes, signs and reads the calls; only the sending is done here, for the socket's sake.
    Through a proxy boto3 sends, too, and a stop then waits for the poll in hand.
    """

    def __init__(
        self, connection: Connection, stop: Stop, operation: Operation, task_list: str
    ) -> None:
        config = Config(
            connect_timeout=_SEND_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"total_max_attempts": 1},
        )
        client = connection.open(config)
        client.meta.events.register("before-send.swf", cast("Any", self._send))
        self._poll = getattr(client, operation)
        self._parameters: dict[str, Any] = {
            "domain": connection.domain,
            "taskList": {"name": task_list},
            "identity": identity(),
        }
        self._stop = stop
        self._socket: socket.socket | None = None

    def poll(self) -> dict[str, Any] | None:
        """Poll once, for as long as it takes to get an answer.

        Returns:
            The task; None if there was none, or if stopping was asked for.

        Raises:
            SwflowError: the endpoint will not have the poll.
        """
        waits = delays()
        while not self._stop.requested():
            try:
                task: dict[str, Any] = self._poll(**self._parameters)
            except (BotoCoreError, ClientError) as error:
                if self._stop.requested():
                    break
                if not is_passing(error):
                    raise SwflowError(f"polling was refused: {error}") from error
                pause = next(waits)
                _log.warning("polling: %s; trying again in %.1f s", error, pause)
                self._stop.wait(pause)
            else:
                return task if task.get("taskToken") else None
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, request: "AWSPreparedRequest", **_event: Any) -> AWSResponse | None:
        """Send a request in botocore's place."""
        if get_environ_proxies(request.url):
            return None
        try:
            return self._exchange(request)
        except (OSError, HTTPException) as error:
            self.close()
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error

    def _exchange(self, request: "AWSPreparedRequest") -> AWSResponse:
        if self._socket is None:
            self._socket = _connect(request.url)
        self._socket.settimeout(_SEND_TIMEOUT)
        self._socket.sendall(_written(request))
        receiver = _Receiver(self._socket, self._stop)
        answer = HTTPResponse(cast("Any", receiver), method=request.method)
        answer.begin()
        body = _Body(answer.read())
        if answer.will_close:
            self.close()
        return AWSResponse(request.url, answer.status, cast("Any", answer.headers), body)


class _Receiver(RawIOBase):
    """Reads from a socket, and hangs up when stopping is asked for."""

    def __init__(self, connected: socket.socket, stop: Stop) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._stop = stop
        self._hung_up = False
        self._deadline = time.monotonic() + _READ_TIMEOUT

    def makefile(self, _mode: str) -> BufferedReader:
        """What an HTTPResponse asks of a socket."""
        return BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                return self._socket.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait()

    def _wait(self) -> None:
        left = max(0.0, self._deadline - time.monotonic())
        stop = [] if self._hung_up else [self._stop.fileno()]
        ready = wait([self._socket, *stop], left)
        if ready and ready[0] in stop:
            self._hung_up = True
            # An endpoint may not care about a half-closed connection.
            self._deadline = time.monotonic() + _HANG_UP_TIMEOUT
            with suppress(OSError):
                # The plain socket's method: TLS's own would forget what is still to be read.
                socket.socket.shutdown(self._socket, socket.SHUT_WR)
        elif not ready:
            raise TimeoutError("no answer came")


class _Body(BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, *_args: object, **_kwargs: object) -> "Iterator[bytes]":
        yield self.read()


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    connected = socket.create_connection((host, port), _SEND_TIMEOUT)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _tls().wrap_socket(connected, server_hostname=host) if secure else connected


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True))


def _written(request: "AWSPreparedRequest") -> bytes:
    """The request as it goes over the wire."""
    parts = urlsplit(request.url)
    body = cast("str | bytes", request.body)
    body = body.encode() if isinstance(body, str) else body
    headers = {key.title(): _text(value) for key, value in request.headers.items()}
    # Signed was the name without the scheme's own port.
    host = parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
    headers |= {"Host": host, "Content-Length": str(len(body))}
    lines = [f"{request.method} {parts.path or '/'} HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
