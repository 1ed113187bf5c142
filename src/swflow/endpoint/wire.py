"""One connection to an HTTP/1.1 endpoint: bytes out, an answer in, one request at a time."""

import select
import socket
import ssl
import time
from contextlib import suppress

from swflow.endpoint.address import Address
from swflow.endpoint.answer import Answer, parsed
from swflow.endpoint.stopping import Stop

HANG_UP_TIMEOUT = 3.0
"""How many seconds an endpoint may take to see that a request was hung up."""

_CHUNK = 65_536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """A connection, kept for the next request."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray()

    def is_open(self) -> bool:
        """Whether there is a connection, and the endpoint has not closed it meanwhile."""
        if self._socket is not None and _is_lost(self._socket):
            self.close()
        return self._socket is not None

    def connect(self) -> None:
        """Make a connection.

        Raises:
            OSError: there is no way there.
        """
        self._socket = self._address.connect()

    def send(self, request: bytes) -> None:
        """Send a request; its answer is to be received before the next one.

        Raises:
            OSError: it could not be sent.
        """
        self._buffer.clear()
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        try:
            sent = self._socket.send(request)
        except _NOT_NOW:
            sent = 0
        if sent < len(request):
            self._socket.settimeout(self._address.timeout)
            self._socket.sendall(memoryview(request)[sent:])
            self._socket.setblocking(False)

    def receive(self) -> Answer | None:
        """Take what has arrived; None if the answer is not all there yet.

        Raises:
            OSError: the connection is lost.
        """
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        while True:
            try:
                received = self._socket.recv(_CHUNK)
            except _NOT_NOW:
                return None
            self._buffer += received
            answer = parsed(self._buffer, ended=not received)
            if answer is not None:
                if not answer.lasts:
                    self.close()
                return answer
            if not received:
                raise ConnectionError("the endpoint closed the connection without an answer")

    def exchange(self, request: bytes, timeout: float, stop: Stop | None = None) -> Answer:
        """Send a request and wait for the answer.

        Args:
            request: in full.
            timeout: how many seconds the answer may take.
            stop: hang up when stopping is asked for.

        Raises:
            OSError: there is no answer; a TimeoutError if it did not come in time.
        """
        if not self.is_open():
            self.connect()
        self.send(request)
        deadline = time.monotonic() + timeout
        while True:
            ready = self._wait(deadline - time.monotonic(), stop)
            if ready and (answer := self.receive()) is not None:
                return answer
            if stop is not None and stop.requested():
                self.hang_up()
                stop, deadline = None, time.monotonic() + HANG_UP_TIMEOUT

    def _wait(self, seconds: float, stop: Stop | None) -> bool:
        """Whether something has arrived; False if stopping was asked for instead."""
        waiting = select.poll()
        waiting.register(self.fileno(), select.POLLIN)
        if stop is not None:
            waiting.register(stop.fileno(), select.POLLIN)
        ready = waiting.poll(max(0.0, seconds) * 1000)
        if not ready:
            raise TimeoutError("no answer came in time")
        return any(number == self.fileno() for number, _ in ready)

    def hang_up(self) -> None:
        """Close the sending half.

        An endpoint that is still waiting sees that nobody is there any more, and ends the request;
        an answer that is already on its way arrives.
        """
        if self._socket is not None:
            with suppress(OSError):
                # The plain socket's method: TLS's own would forget what is still to be read.
                socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __del__(self) -> None:
        self.close()

    def fileno(self) -> int:
        """Readable when something has arrived; -1 if nothing can."""
        return -1 if self._socket is None else self._socket.fileno()


def _is_lost(connected: socket.socket) -> bool:
    """Whether an endpoint has closed a connection meanwhile; it says nothing unasked."""
    try:
        connected.recv(1)
    except _NOT_NOW:
        return False
    except OSError:
        return True
    return True
