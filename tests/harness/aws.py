"""Services of Amazon's that speak HTTP, in a process of their own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_MOTO = """
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def aws() -> Iterator[str]:
    """Where they all listen: S3, SQS and whatever else moto knows, empty."""
    with subprocess.Popen(
        [sys.executable, "-c", _MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
