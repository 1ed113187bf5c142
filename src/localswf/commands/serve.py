"""`localswf serve`: the service over HTTP until it is told to stop."""

import argparse
import asyncio
import gc
import ipaddress
import logging
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvloop

from localswf.commands import logs, supervision
from localswf.engine.command_function import load_commands
from localswf.http.credentials import read_keys
from localswf.http.server import Server
from localswf.http.signature import Keys
from localswf.operations.refusals import check_refusals
from localswf.service import Service

log = logging.getLogger("localswf")

_LARGEST_PORT = 65_535


class CannotServeError(Exception):
    """What is asked for cannot be had, or must not be; the message says why."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "serve",
        help="serve SWF's API",
        description="Serve SWF's API. Prints its URL when it is ready; SIGTERM stops it.",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--data", type=Path, metavar="FILE", help="the data file, made if missing")
    where.add_argument(
        "--ephemeral",
        action="store_true",
        help="keep everything in memory; POST /reset begins anew",
    )
    parser.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="take only requests signed by an access key of this file, which has the form of AWS's "
        "shared credentials file",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (%(default)s); other machines need --credentials",
    )
    parser.add_argument("--port", type=_port, default=4567, help="0 for a free one (%(default)s)")
    parser.add_argument(
        "--lambdas",
        type=Path,
        metavar="FILE",
        help='Lambda functions as commands, in TOML: resize = ["python3", "resize.py"]',
    )
    parser.add_argument(
        "--refuse",
        type=_refusal,
        action="append",
        default=[],
        metavar="NAME=ANSWER",
        help="refuse an operation or a type of decision, to test a client by a fault or a cause: "
        "StartTimer=TIMER_CREATION_RATE_EXCEEDED; may be repeated",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status.

    Raises:
        CannotServeError: it cannot listen there, or cannot refuse that.
        CommandFileError: the file of Lambda functions cannot be used.
        CredentialsError: the credentials file cannot be used.
        DataFileError: the data file cannot be used.
    """
    logs.begin()
    make_service = _service_maker(options)
    keys = read_keys(options.credentials) if options.credentials else None
    if keys is None and not _is_loopback(options.host):
        raise CannotServeError(
            f"--host {options.host} is no loopback address: other machines are served only with "
            "access keys, so name a file of them by --credentials."
        )
    try:
        uvloop.run(_serve(options, make_service, keys))
    except sqlite3.Error as error:
        log.error("%s could not be written to the end: %s.", options.data, error)  # noqa: TRY400 - the sentence says it all
        return 1
    return 0


def _service_maker(options: argparse.Namespace) -> Callable[[], Service]:
    lambdas = load_commands(options.lambdas) if options.lambdas else {}
    refused = dict(options.refuse)
    try:
        check_refusals(refused)
    except ValueError as error:
        raise CannotServeError(str(error)) from error
    return partial(Service, options.data, lambdas=lambdas, refused=refused)


async def _serve(
    options: argparse.Namespace, make_service: Callable[[], Service], keys: Keys | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = _start(make_service)
    server = Server(service, keys=keys, renew=make_service if options.ephemeral else None)
    try:
        bound = await _listen(server, options.host, options.port)
        shown = f"[{options.host}]" if ":" in options.host else options.host
        sys.stdout.write(f"http://{shown}:{bound}\n")
        sys.stdout.flush()
        log.info("Serving %s on port %d.", options.data or "from memory", bound)
        supervision.notify("READY=1")
        await stop.wait()
        log.info("Stopping.")
        supervision.notify("STOPPING=1")
    finally:
        await server.stop()


def _start(make_service: Callable[[], Service]) -> Service:
    """A service. What it rebuilds is there to stay, so it is never searched for garbage."""
    gc.disable()
    service = make_service()
    gc.freeze()
    gc.enable()
    return service


async def _listen(server: Server, host: str, port: int) -> int:
    try:
        return await server.start(host, port)
    except OSError as error:
        raise CannotServeError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
