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
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import SplitResult, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from swflow.connection import Connection, delays, identity, is_passing
from swflow.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

_log = logging.getLogger(__name__)

_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 75  # an empty poll is answered after 60 seconds
_HANG_UP_TIMEOUT = 3

Operation = Literal["poll_for_decision_task", "poll_for_activity_task"]


class Poller:
    """Polls one task list, one poll at a time.

    boto3 writes, signs and reads the calls; only the sending is done here, for the socket's sake.
    Through a proxy boto3 sends, too, and a stop then waits for the poll in hand.
    """

    def __init__(
        self, connection: Connection, stop: Stop, operation: Operation, task_list: str
    ) -> None:
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
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
        self._http: HTTPConnection | None = None
        self._waiting_on: socket.socket | None = None

    def poll(self, **more: Any) -> dict[str, Any] | None:
        """Poll once, for as long as it takes to get an answer.

        Args:
            more: further parameters of the operation.

        Returns:
            The task; None if there was none, or if the poll was hung up.

        Raises:
            ClientError: the endpoint will not have the poll.
        """
        waits = delays()
        while not self._stop.requested():
            try:
                task: dict[str, Any] = self._poll(**self._parameters, **more)
            except (BotoCoreError, ClientError) as error:
                if self._stop.requested():
                    break
                if not is_passing(error):
                    raise
                wait = next(waits)
                _log.warning("polling: %s; trying again in %.1f s", error, wait)
                self._stop.wait(wait)
            else:
                return task if task.get("taskToken") else None
        return None

    def hang_up(self) -> None:
        """End the poll in hand. To be called after stopping was requested, from wherever."""
        waiting_on = self._waiting_on
        if waiting_on is None:
            return
        _shut(waiting_on, socket.SHUT_WR)
        # An endpoint may not care about a half-closed connection.
        last_word = threading.Timer(_HANG_UP_TIMEOUT, _shut, (waiting_on, socket.SHUT_RDWR))
        last_word.daemon = True
        last_word.start()

    def close(self) -> None:
        """Close the connection."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _send(self, request: "AWSPreparedRequest", **_event: Any) -> AWSResponse | None:
        """Send a request in botocore's place."""
        if get_environ_proxies(request.url):
            return None
        try:
            return self._exchange(request)
        except (OSError, HTTPException) as error:
            self.close()
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        finally:
            self._waiting_on = None

    def _exchange(self, request: "AWSPreparedRequest") -> AWSResponse:
        url = urlsplit(request.url)
        self._http = http = self._http or _connect(url)
        self._waiting_on = http.sock
        if (
            self._stop.requested()
        ):  # looked at after `_waiting_on` is set, or hang_up() could miss it
            raise ConnectionAbortedError("asked to stop")
        headers = {key: _text(value) for key, value in request.headers.items()}
        http.request(request.method, url.path or "/", cast("bytes", request.body), headers)
        answer = http.getresponse()
        body = _Body(answer.read())
        if answer.will_close:
            self.close()
        return AWSResponse(request.url, answer.status, cast("Any", answer.headers), body)


class _Body(BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, *_args: object, **_kwargs: object) -> "Iterator[bytes]":
        yield self.read()


def _connect(url: SplitResult) -> HTTPConnection:
    host = url.hostname or ""
    http = (
        HTTPSConnection(host, url.port, timeout=_CONNECT_TIMEOUT, context=_tls())
        if url.scheme == "https"
        else HTTPConnection(host, url.port, timeout=_CONNECT_TIMEOUT)
    )
    http.connect()
    http.sock.settimeout(_READ_TIMEOUT)
    return http


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _shut(connected: socket.socket, half: int) -> None:
    with suppress(OSError):
        # The plain socket's method: TLS's own would forget what is still to be read.
        socket.socket.shutdown(connected, half)
