"""Where an endpoint is, and how to get there."""

import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote

_MAX_HEAD = 65_536
_PROXY_PORT = 80


class ProxyRefusalError(ConnectionError):
    """A proxy does not let anybody through."""


@dataclass(frozen=True)
class Address:
    """Where an endpoint is, and how to get there.

    Attributes:
        url: of the endpoint.
        timeout: how many seconds connecting, or sending a request, may take.
        tls: makes what secures a connection to an `https` endpoint.
        proxy: the URL of the proxy on the way; None if there is none.
    """

    url: SplitResult
    timeout: float
    tls: Callable[[], ssl.SSLContext]
    proxy: SplitResult | None = None

    @property
    def host(self) -> str:
        """The Host header: without the scheme's own port."""
        name = self.url.hostname or ""
        name = f"[{name}]" if ":" in name else name
        own = 443 if self.url.scheme == "https" else 80
        return name if self.url.port in (None, own) else f"{name}:{self.url.port}"

    @property
    def target(self) -> str:
        """What stands in the request's first line."""
        path = self.url.path or "/"
        plain_proxy = self.proxy is not None and self.url.scheme == "http"
        return f"http://{self.host}{path}" if plain_proxy else path

    @property
    def proxy_header(self) -> str:
        """Who asks the proxy; nothing if it does not want to know."""
        if self.proxy is None or self.proxy.username is None:
            return ""
        user = f"{unquote(self.proxy.username)}:{unquote(self.proxy.password or '')}"
        return f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"

    def connect(self) -> socket.socket:
        """A new connection.

        Raises:
            OSError: there is no way there.
        """
        secure = self.url.scheme == "https"
        port = self.url.port or (443 if secure else 80)
        next_stop = (self.url.hostname or "", port)
        if self.proxy is not None:
            next_stop = (self.proxy.hostname or "", self.proxy.port or _PROXY_PORT)
        connected = socket.create_connection(next_stop, self.timeout)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure and self.proxy is not None:
                self._tunnel(connected, port)
            if secure:
                connected = self.tls().wrap_socket(connected, server_hostname=self.url.hostname)
        except BaseException:
            connected.close()
            raise
        connected.setblocking(False)
        return connected

    def _tunnel(self, connected: socket.socket, port: int) -> None:
        there = f"{self.url.hostname}:{port}"
        asked = f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n{self.proxy_header}\r\n"
        connected.sendall(asked.encode("latin-1"))
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD:
            received = connected.recv(1)  # what comes after belongs to TLS
            if not received:
                break
            head += received
        if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
            said = head.partition(b"\r\n")[0].decode("latin-1") or "nothing"
            raise ProxyRefusalError(f"the proxy refused to connect to {there}: it said {said!r}")
