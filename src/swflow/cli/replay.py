"""`swflow replay`: the replay check of files."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from swflow.authoring.workflow import WorkflowType
from swflow.cli.options import add_domain, payloads_of
from swflow.cli.output import print_line
from swflow.errors import NonDeterminismError, SwflowError
from swflow.tools.checking import Check
from swflow.tools.histories import read_histories
from swflow.tools.loading import load_types

_STATUS = {True: 0, False: 1, None: 2}


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "replay",
        help="run today's code over stored histories",
        description="Run today's code over stored histories, and show where the two differ.",
        epilog="The exit status is 0, 1 if a history differs, 2 if one could not be checked.",
    )
    parser.add_argument(
        "types", metavar="TYPES", help="package.module, or several with commas between them"
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="histories as JSON, as the AWS CLI and `localswf export` write them, or a folder",
    )
    add_domain(parser.add_argument_group("where histories are from that do not say so"))
    parser.add_argument("--json", action="store_true", help="what was found, as a line for each")
    parser.set_defaults(run=_run, log_level="WARNING", log_json=False)


def _run(options: argparse.Namespace) -> int:
    types = load_types(options.types.split(","))
    today = Check(
        [each for each in types if isinstance(each, WorkflowType)],
        domain=options.domain or "",
        payloads=payloads_of(options),
    )
    status = 0
    for found in _check(today, options.files):
        status = max(status, _STATUS[found["same"]])
        print_line(json.dumps(found) if options.json else _for_people(found))
    return status


def _check(today: Check, files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        for path in sorted(file.rglob("*.json*")) if file.is_dir() else [file]:
            for history in read_histories(path):
                found: dict[str, Any] = {
                    "history": history.place,
                    "type": " ".join(history.type),
                    "events": len(history.events),
                    "same": True,
                }
                try:
                    today.run(history)
                except NonDeterminismError as error:
                    found |= {"same": False, **vars(error)}
                except SwflowError as error:
                    found |= {"same": None, "problem": str(error)}
                yield found


def _for_people(found: dict[str, Any]) -> str:
    what = f"{found['history']}: {found['type']}, {found['events']} events"
    if found["same"]:
        return f"same     {what}"
    if found["same"] is None:
        return f"unknown  {what}\n    {found['problem']}"
    where = f"\n    at {found['where']}" if found["where"] else ""
    return (
        f"differs  {what}: at event {found['event_id']}\n"
        f"    the history has {found['expected'] or 'nothing more'}\n"
        f"    the code makes {found['actual'] or 'nothing more'}{where}"
    )
