import signal
import socket
import sys

import uvicorn

from vib.errors import VibError
from vib.popeye.http.access import Surroundings
from vib.popeye.http.application import BYTES, application
from vib.services import Services

SECONDS_TO_DRAIN = 20
"""What requests have to end in after SIGTERM; uploads stop at once, what has come is kept."""


def serve(context: Services, host: str, port: int) -> None:
    """Be a Popeye until SIGTERM or SIGINT. The address is printed when requests are taken.

    Raises:
        VibError: there is no key for tokens, or the address cannot be had.
    """
    server = build(context)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn drains on its own, and raises the signal again when it has.
        signal.signal(number, lambda *_: sys.exit(0))
    with _listening(host, port) as listener:
        where = listener.getsockname()
        print(f"http://{where[0]}:{where[1]}", flush=True)  # noqa: T201 - for whoever started it
        server.run([listener])


def build(context: Services) -> uvicorn.Server:
    """A Popeye that is not running yet.

    Raises:
        VibError: there is no key for tokens.
    """
    around = Surroundings(
        context=context,
        secret=context.upload_secret,
        is_stopping=lambda: server.should_exit,
        received=BYTES.inc,
    )
    config = uvicorn.Config(
        application(around),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=SECONDS_TO_DRAIN,
    )
    server = uvicorn.Server(config)
    return server


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise VibError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
