"""`localswf import`: histories from files into a data file."""

import argparse
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from localswf.offline.history_files import History, HistoryFileError, read_histories
from localswf.offline.importing import import_histories


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "import",
        help="put histories of closed executions into a data file",
        description="Put histories of closed executions, as `localswf export` writes them or "
        "`aws swf get-workflow-execution-history` prints them, into a data file that no server has "
        "open; all of them or none.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the data file, made if missing")
    parser.add_argument(
        "histories", type=Path, nargs="+", metavar="HISTORIES", help="files; - for standard input"
    )
    parser.add_argument(
        "--domain",
        metavar="NAME",
        help="put them into this domain, which is made if it is not there; needed for those that "
        "do not say of which domain they are",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Take in all histories; returns the exit status.

    Raises:
        DataFileError: the data file cannot be used.
        HistoryFileError: one of the histories cannot be taken in.
    """
    try:
        count = import_histories(options.file, _read_all(options.histories), options.domain)
    except sqlite3.Error as error:
        sys.stderr.write(f"{options.file} could not be written: {error}.\n")
        return 1
    sys.stdout.write(f"{options.file} has {count} more executions.\n")
    return 0


def _read_all(paths: Iterable[Path]) -> Iterator[History]:
    for path in paths:
        if str(path) == "-":
            yield from read_histories(Path("standard-input"), sys.stdin.read())
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise HistoryFileError(f"{path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            raise HistoryFileError(f"{path} is no text.") from None
        yield from read_histories(path, text)
