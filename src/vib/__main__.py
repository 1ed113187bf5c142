import argparse
import atexit
import gc
import os
import sys

from swflow import SwflowError
from vib import __version__
from vib.cli import files, fleet, jobs, videos
from vib.cli.trouble import trouble
from vib.errors import VibError

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
"""The exit status that a shell gives a program ended by Ctrl-C."""


def main() -> None:
    """The command `vib`.

    One sentence and exit status 2 for what the user can put right, 1 where a service or a file
    cannot be used.
    """
    # Python would look for garbage in all that was loaded, for a third of a second, before it ends.
    atexit.register(gc.freeze)
    arguments = _parser().parse_args()
    try:
        status = arguments.command(arguments)
        print(end="", flush=True)  # noqa: T201 - to fail here; where stdout is closed there is none to flush
    except (VibError, SwflowError) as error:
        status = _say(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has had enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    except Exception as error:
        said = trouble(error)
        if said is None:
            raise
        status = _say(said, FAILED)
    sys.exit(status)


def _say(sentence: str, status: int) -> int:
    print(f"vib: {sentence}", file=sys.stderr)  # noqa: T201 - for people
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vib", description="The video and face pipeline.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (files, videos, fleet, jobs):
        module.add_to(commands)
    return parser


if __name__ == "__main__":
    main()
