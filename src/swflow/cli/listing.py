"""`swflow list` and `swflow export`, which take the same filters."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from swflow.cli.options import add_command, add_json, client_of
from swflow.cli.output import Cell, clock, print_json, print_line, print_table, span
from swflow.cli.values import moment, positive
from swflow.errors import SwflowError
from swflow.execution.history import stored
from swflow.tools.listing import Query, executions

_STATUSES = (
    "OPEN",
    "CLOSED",
    "COMPLETED",
    "FAILED",
    "CANCELED",
    "TERMINATED",
    "CONTINUED_AS_NEW",
    "TIMED_OUT",
)
_COLOURS = {"OPEN": "pending", "COMPLETED": "good", "CONTINUED_AS_NEW": "good"}


def add_to(commands: Any) -> None:
    """Add the commands and their options."""
    listing = add_command(
        commands, "list", "list executions", "Open and closed ones, the one started last first."
    )
    add_json(listing)
    listing.set_defaults(run=_list)
    export = add_command(
        commands,
        "export",
        "write histories into files",
        "One JSON file an execution, with domain, execution and events: `swflow replay` reads it, "
        "and so does `localswf import`. Payloads stay as they travelled: what is encrypted stays "
        "so, and what is stored is not in the file.",
    )
    export.add_argument("folder", type=Path, metavar="FOLDER", help="made if it is not there")
    add_json(export)
    export.set_defaults(run=_export)
    for parser, limit in ((listing, 100), (export, 1_000)):
        parser.add_argument(
            "--status", type=str.upper, choices=_STATUSES, help="open, or how closed"
        )
        for name, status in (("--open", "OPEN"), ("--closed", "CLOSED")):
            parser.add_argument(
                name, dest="status", action="store_const", const=status, help="only such ones"
            )
        parser.add_argument("--type", help="the name of their type")
        parser.add_argument("--type-version", metavar="VERSION", help="the version of their type")
        parser.add_argument("--tag", help="one of their tags")
        parser.add_argument("--workflow-id", help="whom they are about")
        parser.add_argument(
            "--since", type=moment, help="started then or later: 2026-01-31T12:00, 90m, 12h, 2d"
        )
        parser.add_argument("--until", type=moment, help="started then or before")
        parser.add_argument(
            "--limit", type=positive, default=limit, help=f"how many at most ({limit:,})"
        )


def _list(options: argparse.Namespace) -> int:
    found = list(_found(options))
    if options.json:
        print_json(found)
    elif found:
        header = ["WORKFLOW ID", "TYPE", "STATUS", "STARTED", "TOOK", "RUN ID"]
        print_table([[(each, "dim") for each in header], *map(_row, found)], right=[4])
    else:
        print_line("no executions")
    return 0


def _row(info: dict[str, Any]) -> list[Cell]:
    status = info.get("closeStatus", "OPEN")
    began = info["startTimestamp"]
    ended = info.get("closeTimestamp", datetime.now(UTC))
    return [
        info["execution"]["workflowId"],
        f"{info['workflowType']['name']} {info['workflowType']['version']}",
        (status, _COLOURS.get(status, "bad")),
        clock(began),
        span(ended - began),
        info["execution"]["runId"],
    ]


def _export(options: argparse.Namespace) -> int:
    client = client_of(options)
    written = []
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        for info in _found(options):
            execution = info["execution"]
            events = client.execution(execution["workflowId"], execution["runId"]).history()
            content = {"domain": client.domain, "execution": execution}
            path = options.folder / _file_name(execution)
            path.write_text(json.dumps({**content, "events": [*map(stored, events)]}))
            written.append({"file": str(path), **execution})
    except OSError as error:
        raise SwflowError(f"cannot write into {options.folder}: {error}") from error
    if options.json:
        print_json(written)
    else:
        for each in written:
            print_line(each["file"])
    return 0


def _file_name(execution: dict[str, str]) -> str:
    """A name that no other execution has, and every file system takes."""
    who = quote(execution["workflowId"], safe=" @+,=()")[:150]
    return f"{who}.{quote(execution['runId'], safe='+=')}.json"


def _found(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    query = Query(
        status=options.status,
        workflow_id=options.workflow_id,
        type=options.type,
        version=options.type_version,
        tag=options.tag,
        since=options.since,
        until=options.until,
    )
    return islice(executions(client_of(options), query), options.limit)
