"""`swflow register`."""

import argparse
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from swflow.authoring.workflow import WorkflowType
from swflow.cli.options import add_command, add_json, add_types, client_of
from swflow.cli.output import Cell, print_json, print_table
from swflow.client.registering import Registered
from swflow.deciders.guards import warn
from swflow.tools.loading import load_types

_LONGEST = 90


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "register",
        "register workflows, activities and the domain",
        "What is registered already stays as it is; where the program asks for other defaults, "
        "that is said. Only timeouts that the program names become defaults. What a workflow's "
        "code does that cannot be replayed is a warning.",
    )
    add_types(parser)
    parser.add_argument(
        "--retention",
        type=_days,
        metavar="DAYS",
        help="create the domain if it is missing, and keep closed executions for so long",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    types = load_types(options.types)
    warn(each for each in types if isinstance(each, WorkflowType))
    days = options.retention
    found = client_of(options).register(
        *types,
        retention=None if days is None else timedelta(days=days),
        dry_run=options.dry_run,
    )
    if options.json:
        print_json([asdict(each) | {"status": _status(each)} for each in found])
    else:
        print_table([_row(each, dry_run=options.dry_run) for each in found])
    return 0


def _row(each: Registered, *, dry_run: bool) -> list[Cell]:
    status = _status(each)
    colour = {"new": "good", "unchanged": "dim"}.get(status, "bad")
    shown = "would be new" if dry_run and each.new else status
    return [(shown, colour), each.kind, f"{each.name} {each.version or ''}".strip(), _remark(each)]


def _status(each: Registered) -> str:
    if each.new:
        return "new"
    if each.deprecated:
        return "deprecated"
    return "differs" if each.differences else "unchanged"


def _remark(each: Registered) -> str:
    differences = "; ".join(
        f"{key} is {there or 'not set'}, the program says {here or 'nothing'}"
        for key, (there, here) in each.differences.items()
    )
    if each.deprecated:
        what = "nothing can be started in it" if each.kind == "domain" else "nothing new is begun"
        return f"{what} until it is undeprecated{differences and f'; {differences}'}"
    if differences and each.version is not None:
        return f"{differences}; to change that, give it another version"
    return differences


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {_LONGEST}")
    return int(text)
