"""The command line: `localswf serve` and `localswf check`."""

import argparse
import asyncio
import json
import logging
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from localswf.check import check
from localswf.command_function import CommandFileError, load_commands
from localswf.datafile import DataFileError
from localswf.refusals import check_refusals
from localswf.server import Server
from localswf.service import Service

log = logging.getLogger("localswf")

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_USAGE_ERROR = 2
_LARGEST_PORT = 65_535


class _CannotListenError(Exception):
    """The address cannot be had; the message says why."""


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
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _run_check(options: argparse.Namespace) -> int:
    try:
        executions, still_open = check(options.file)
    except DataFileError as error:
        return _refuse(str(error))
    sys.stdout.write(f"{options.file} is whole: executions {executions}, open {still_open}.\n")
    return 0


def _run_serve(options: argparse.Namespace) -> int:
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if options.host not in _LOOPBACK:
        return _refuse(
            f"localswf serves this machine only: --host {options.host} is none of "
            f"{', '.join(sorted(_LOOPBACK))}."
        )
    try:
        lambdas = load_commands(options.lambdas) if options.lambdas else {}
        refused = dict(options.refuse)
        check_refusals(refused)
    except (CommandFileError, ValueError) as error:
        return _refuse(str(error))
    try:
        asyncio.run(
            _serve(
                partial(Service, options.data, lambdas=lambdas, refused=refused),
                options.data,
                options.host,
                options.port,
            )
        )
    except (DataFileError, _CannotListenError) as error:
        return _refuse(str(error))
    except sqlite3.Error as error:
        log.error("%s could not be written to the end: %s.", options.data, error)  # noqa: TRY400 - the sentence says it all
        return 1
    return 0


async def _serve(open_service: Callable[[], Service], data: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(open_service())
    try:
        bound = await _listen(server, host, port)
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"http://{shown}:{bound}\n")
        sys.stdout.flush()
        log.info("Serving %s on port %d.", data, bound)
        await stop.wait()
        log.info("Stopping.")
    finally:
        await server.stop()


async def _listen(server: Server, host: str, port: int) -> int:
    try:
        return await server.start(host, port)
    except OSError as error:
        raise _CannotListenError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error


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
    serve.add_argument("--port", type=_port, default=4567, help="0 for a free one (%(default)s)")
    serve.add_argument(
        "--lambdas",
        type=Path,
        metavar="FILE",
        help='Lambda functions as commands, in TOML: resize = ["python3", "resize.py"]',
    )
    serve.add_argument(
        "--refuse",
        type=_refusal,
        action="append",
        default=[],
        metavar="NAME=ANSWER",
        help="refuse an operation or a type of decision, to test a client by a fault or a cause: "
        "StartTimer=TIMER_CREATION_RATE_EXCEEDED; may be repeated",
    )
    serve.set_defaults(run=_run_serve)
    checking = commands.add_parser(
        "check",
        help="see whether a data file is whole",
        description="Read a data file that no server has open from end to end; exit status 2 if "
        "it is not whole.",
    )
    checking.add_argument("file", type=Path, metavar="FILE", help="the data file")
    checking.set_defaults(run=_run_check)
    return parser


def _refusal(text: str) -> tuple[str, str]:
    name, equals, answer = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(
            f"{text} has no =, as in StartTimer=OPERATION_NOT_PERMITTED"
        )
    return name, answer


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to {_LARGEST_PORT}")
    return port


if __name__ == "__main__":
    sys.exit(main())
