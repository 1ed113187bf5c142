"""An HTTP server whose answers a test writes by hand, byte by byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from swflow.endpoint.connection import Connection
from swflow.endpoint.transport import Transport

HOST = "127.77.0.1"
"""Where these servers are. Whoever looks for one of 127.0.0.1 that has ended does not come here."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Endpoint:
    """A server that gives these answers, one a request, and keeps what it was sent.

    An answer is bytes, or what happens instead; connections stay open unless it closes them.
    """

    def __init__(self, *answers: bytes | Callable[[socket.socket], None]) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self._answers = list(answers)
        self._listener = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._serve)
        self._connected: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]
        self.tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    @contextmanager
    def running(self) -> Iterator[str]:
        self._thread.start()
        try:
            yield self.url
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            if self._connected is not None:
                with suppress(OSError):
                    self._connected.shutdown(socket.SHUT_RDWR)
            self._thread.join(30)
            self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self.connections += 1
                with plain, suppress(OSError):
                    connected = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
                    self._connected = connected
                    with connected:
                        self._talk(connected)

    def _talk(self, connected: socket.socket) -> None:
        while self._answers:
            self.requests.append(read_request(connected))
            answer = self._answers.pop(0)
            if callable(answer):
                answer(connected)
                return
            connected.sendall(answer)
        connected.recv(1)  # until the client, or the test, has enough


def read_request(connected: socket.socket) -> tuple[str, dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connected)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _received(connected)
    return first, headers, body


def _received(connected: socket.socket) -> bytes:
    data = connected.recv(65_536)
    if not data:
        raise ConnectionError
    return data


def close(_connected: socket.socket) -> None:
    """End the connection instead of answering."""


def answered(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def transport(url: str) -> Transport:
    return Connection("films", url, None, None).transport
