"""Fakes of AWS's services that speak JSON over HTTP, so that boto3 really runs against them."""

import json
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from botocore import xform_name


class FaultError(Exception):
    """What a service answers in place of a result: the error's code, which boto3 shows."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class JsonService:
    """A service whose operations are the methods of a subclass, in snake case: request to answer.

    Attributes:
        calls: how often each operation was called, by its name on the wire.
        faults: what is answered to the next calls, whatever they are; None lets one through.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.faults: deque[FaultError | None] = deque()
        self._lock = Lock()

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:  # one call after another, as if there were transactions
            self.calls[operation] += 1
            if self.faults and (fault := self.faults.popleft()):
                raise fault
            answer: dict[str, Any] = getattr(self, xform_name(operation))(request)
            return answer


@contextmanager
def served(service: JsonService) -> Iterator[str]:
    """Serve on a free loopback port; the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            try:
                self._send(200, service.answer(operation, request))
            except FaultError as fault:
                self._send(fault.status, {"__type": fault.code, "message": fault.message})

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
