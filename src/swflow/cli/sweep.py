"""`swflow sweep`."""

import argparse
from datetime import timedelta
from typing import Any

from swflow.cli.options import add_command, add_json, client_of
from swflow.cli.output import print_json, print_line, print_table
from swflow.cli.values import time_span
from swflow.tools.sweeping import sweep


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "sweep",
        "delete stored payloads that no execution needs any more",
        "Of the store that --payloads names, what was put there more than a day before the oldest "
        "execution started that the domain still knows; what open executions need stays, and so "
        "does what closed ones need until the domain's retention period is over. A store is for "
        "the domains of one account and region: what those of another one with the same name put "
        "there would go, too. Have it run every day, as by cron: "
        "17 4 * * * swflow sweep --domain films --payloads films:PAYLOADS",
    )
    parser.add_argument(
        "--keep",
        type=time_span,
        default=timedelta(0),
        metavar="SPAN",
        help="what is younger than this stays in any case, as for exported histories: 90d",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    swept = sweep(client_of(options), keep=options.keep, dry_run=options.dry_run)
    before = swept.before.isoformat()
    days = {day.isoformat(): count for day, count in swept.days.items()}
    if options.json:
        print_json({"before": before, "deleted": swept.deleted, "days": days})
        return 0
    if days:
        print_table([[day, f"{count:,}"] for day, count in days.items()], right=[1])
    done = "would be deleted" if options.dry_run else "deleted"
    print_line(f"{done}: {swept.deleted:,} payloads from before {before}")
    return 0
