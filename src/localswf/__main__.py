"""The command line: `localswf serve`."""

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from localswf.datafile import DataFileError
from localswf.server import Server
from localswf.service import Service

log = logging.getLogger("localswf")

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_USAGE_ERROR = 2


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if options.host not in _LOOPBACK:
        return _refuse(
            f"localswf serves this machine only: --host {options.host} is none of "
            f"{', '.join(sorted(_LOOPBACK))}."
        )
    try:
        asyncio.run(_serve(options.data, options.host, options.port))
    except DataFileError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"Cannot listen on {options.host}:{options.port}: {error.strerror}.")
    return 0


async def _serve(data: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(data)
    server = Server(service)
    try:
        bound = await server.start(host, port)
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"http://{shown}:{bound}\n")
        sys.stdout.flush()
        log.info("Serving %s on port %d.", data, bound)
        await stop.wait()
        log.info("Stopping.")
    finally:
        await server.stop()


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return _USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localswf", description="Amazon SWF on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve SWF's API on this machine",
        description="Serve SWF's API. Prints its URL when it is ready; SIGTERM stops it.",
    )
    serve.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="the data file, made if missing"
    )
    serve.add_argument("--host", default="127.0.0.1", help="a loopback address (%(default)s)")
    serve.add_argument("--port", type=int, default=4567, help="0 for a free one (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
