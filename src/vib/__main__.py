import argparse
import atexit
import gc
import sys

from swflow import SwflowError
from vib import __version__
from vib.cli import files, fleet, jobs, videos
from vib.errors import VibError

BAD_INPUT = 2


def main() -> None:
    """The command `vib`. Exit status 2 and one sentence for what the user can put right."""
    # Python would look for garbage in all that was loaded, for a third of a second, before it ends.
    atexit.register(gc.freeze)
    arguments = _parser().parse_args()
    try:
        status = arguments.command(arguments)
    except (VibError, SwflowError) as error:
        print(f"vib: {error}", file=sys.stderr)  # noqa: T201
        status = BAD_INPUT
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vib", description="The video and face pipeline.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (files, videos, fleet, jobs):
        module.add_to(commands)
    return parser


if __name__ == "__main__":
    main()
