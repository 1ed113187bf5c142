"""Servers that contestants need. Only the standard library is used here: see `session`."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

_STARTS_WITHIN = 60.0
_ENDS_WITHIN = 10.0


def free_port() -> int:
    """A TCP port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def server(
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[None]:
    """Run a server that listens on `port`; what it says goes to our standard error.

    Args:
        command: what to run.
        port: where it listens, on this machine.
        environment: its environment variables; ours if left out.
        user: who runs it; we do if left out.

    Raises:
        RuntimeError: it does not listen in time.
    """
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=2, env=environment, user=user
    ) as process:
        try:
            _wait_for(port, process)
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN)
            process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}.")
