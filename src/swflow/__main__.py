"""The command line, `swflow` or `python -m swflow`."""

import argparse
import atexit
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata

from botocore.exceptions import BotoCoreError, ClientError

from swflow.cli import (
    inject,
    listing,
    processes,
    register,
    replay,
    rerun,
    show,
    start,
    sweep,
    telling,
)
from swflow.errors import SwflowError, WorkflowAlreadyRunning, WorkflowError, WorkflowFailed
from swflow.telemetry.logs import JsonFormatter, PlainFormatter

_USAGE_ERROR = 2
_FAILED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0; 1 where an execution that was waited for did not succeed; 2, with one
        sentence on standard error, where the command cannot be carried out.
    """
    # Python would look for garbage in all that was loaded before it ends.
    atexit.register(gc.freeze)
    options = _parser().parse_args(arguments)
    if "" not in sys.path:  # as `python -m` has it, so that what is in this folder is found
        sys.path.insert(0, "")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if options.log_json else PlainFormatter())
    logging.basicConfig(level=options.log_level, handlers=[handler])
    if options.log_level != "DEBUG":
        logging.getLogger("botocore").setLevel(logging.WARNING)  # where it found what, every time
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (SwflowError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"swflow: {_sentence(error)}\n")
        has_run = isinstance(error, WorkflowError) and not isinstance(error, WorkflowAlreadyRunning)
        return _FAILED if has_run else _USAGE_ERROR
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever reads may have had enough
            sys.stderr.write(f"swflow: {error}\n")
        # Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    return status


def _sentence(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return f"the service refused that: {said.get('Message') or 'no reason'} ({said['Code']})"
    if isinstance(error, WorkflowFailed):
        return f"the execution failed: {error.reason}"
    return " ".join(str(error).split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="swflow", description="Durable workflows on Amazon SWF.")
    parser.add_argument("--version", action="version", version=metadata.version("vib"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    by_need = (register, processes, start, telling, listing, show, inject, rerun, replay, sweep)
    for each in by_need:
        each.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
