"""The command line."""

import argparse
import atexit
import gc
import sys
from collections.abc import Callable, Sequence
from importlib import metadata

from localswf.commands import check, export, import_, serve
from localswf.engine.command_function import CommandFileError
from localswf.http.credentials import CredentialsError
from localswf.offline.history_files import HistoryFileError
from localswf.store.datafile import DataFileError

_USAGE_ERROR = 2
_REFUSALS = (
    CommandFileError,
    CredentialsError,
    DataFileError,
    HistoryFileError,
    serve.CannotServeError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    # Python would look for garbage among all executions before it ends.
    atexit.register(gc.freeze)
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except _REFUSALS as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localswf", description="Amazon SWF on one machine.")
    parser.add_argument("--version", action="version", version=metadata.version("vib"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, check, export, import_):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
