import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from vib.notify import SIGNATURE_HEADER, BadSignature, verify

LONGEST_MESSAGE = 65_536  # bytes


class Receiver:
    """What the web application heard. `url` is where it listens."""

    def __init__(self, url: str, messages: SimpleQueue[dict[str, Any]]) -> None:
        self.url = url
        self.messages = messages


@contextmanager
def receiver(secret: str) -> Iterator[Receiver]:
    """A small stand-in for the web application on a free loopback port: checks and collects."""
    messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
    heard: set[str] = set()
    lock = Lock()

    def hear(message: dict[str, Any]) -> None:
        """Act on a message once, however often it comes."""
        with lock:
            if message["id"] not in heard:
                heard.add(message["id"])
                messages.put(message)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_MESSAGE:
                self.send_error(413)
                return
            body = self.rfile.read(int(length))
            try:
                verify(secret, body, self.headers.get(SIGNATURE_HEADER, ""), time.time())
                hear(json.loads(body))
            except BadSignature as error:
                self.send_error(403, str(error))
            except (ValueError, KeyError, TypeError):
                self.send_error(400)
            else:
                self.send_response(204)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet: the terminal belongs to the progress bars."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Receiver(f"http://127.0.0.1:{server.server_port}/videos/complete", messages)
        finally:
            server.shutdown()
            thread.join()
