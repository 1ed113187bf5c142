"""The web application, as far as the pipeline sees it: every call goes to a file, as JSON."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

PORT = 5001
file = sys.argv[1]
writing = Lock()


class Call(BaseHTTPRequestHandler):
    """One call."""

    def do_POST(self) -> None:
        """Write it down with its signature; whether that is right is for the reader to say."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        call = {"body": body, "signature": self.headers["X-Vib-Signature"], "at": time.time()}
        with writing, Path(file).open("a") as calls:
            calls.write(json.dumps(call) + "\n")
        self.send_response(204)
        self.end_headers()


ThreadingHTTPServer(("", PORT), Call).serve_forever()
