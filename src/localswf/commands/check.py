"""`localswf check`: whether a data file is whole."""

import argparse
import sys
from pathlib import Path

from localswf.offline.check import check


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "check",
        help="see whether a data file is whole",
        description="Read a data file that no server has open from end to end; exit status 2 if "
        "it is not whole.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the data file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check a file; returns the exit status.

    Raises:
        DataFileError: it is not whole.
    """
    executions, still_open = check(options.file)
    sys.stdout.write(f"{options.file} is whole: executions {executions}, open {still_open}.\n")
    return 0
