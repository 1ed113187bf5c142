"""The service over HTTP, as the AWS SDKs talk to it."""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterator

from localswf.http.connection import Connection
from localswf.http.metrics import Metrics
from localswf.http.signature import Keys
from localswf.service import Service
from localswf.status import Status

_GRACE_SECONDS = 5.0


class Server:
    """Serves a service to any number of connections."""

    def __init__(
        self,
        service: Service,
        *,
        keys: Keys | None = None,
        renew: Callable[[], Service] | None = None,
    ) -> None:
        """Make a server that does not listen yet.

        Args:
            service: what to serve; closed with the server.
            keys: the access keys of which one has to have signed each request; None for requests
                that nobody needs to sign.
            renew: makes an empty service to take the place of this one when a client asks for
                that; None if no client may.
        """
        self.service = service
        self.keys = keys
        self.renew = renew
        self.metrics = Metrics(self._status)
        self.connections: set[Connection] = set()
        self.request_ids = _request_ids()
        self.stopping = False
        self._server: asyncio.Server | None = None
        self._closing: set[asyncio.Task[None]] = set()

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

    async def reset(self) -> None:
        """Serve an empty service from now on; polls that wait are answered with no task."""
        if self.renew is None:
            raise TypeError("This server has nothing to take its service's place.")
        old, self.service = self.service, self.renew()
        closing = asyncio.create_task(old.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        # A client that hangs up meanwhile does not keep it from closing.
        await asyncio.shield(closing)

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
        await asyncio.gather(*self._closing)
        await self.service.close()

    def _status(self) -> Status:
        return self.service.status()


def _request_ids() -> Iterator[str]:
    """Ids that no request has had, in the form of UUIDs: random once, then counted."""
    start = str(uuid.uuid4())[:24]
    for number in itertools.count():
        yield f"{start}{number:012x}"
