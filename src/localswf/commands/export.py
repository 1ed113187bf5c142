"""`localswf export`: histories from a data file to standard output."""

import argparse
import os
import sys
from pathlib import Path

from localswf.offline.exporting import Wanted, export_histories


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="print the histories in a data file",
        description="Print the histories in a data file that no server has open, one execution a "
        "line, as JSON with domain, execution and events: the events are as "
        "GetWorkflowExecutionHistory tells them.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the data file")
    parser.add_argument("--domain", metavar="NAME", help="only those of this domain")
    parser.add_argument("--workflow-id", metavar="ID", help="only those with this workflowId")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--closed",
        dest="closed",
        action="store_const",
        const=True,
        help="only those that are closed, which is what import takes",
    )
    which.add_argument(
        "--open",
        dest="closed",
        action="store_const",
        const=False,
        help="only those that are not closed",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the histories; returns the exit status.

    Raises:
        DataFileError: the data file cannot be used.
    """
    wanted = Wanted(options.domain, options.workflow_id, options.closed)
    try:
        for line in export_histories(options.file, wanted):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever reads may have had enough
            sys.stderr.write(f"The histories cannot be written: {error.strerror}.\n")
        # Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
