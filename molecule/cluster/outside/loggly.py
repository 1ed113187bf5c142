"""Loggly, as far as a sender sees it: syslog over TLS; every line goes to a file."""

import ssl
import sys
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock

PORT = 6514
certificate, key, file = sys.argv[1:]
writing = Lock()


class Sender(StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Write down each line that comes."""
        for line in self.rfile:
            with writing, Path(file).open("ab") as lines:
                lines.write(line)


class Server(ThreadingTCPServer):
    """Every connection is a thread of its own, and is encrypted."""

    allow_reuse_address = True
    daemon_threads = True


with Server(("", PORT), Sender) as server:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.serve_forever()
