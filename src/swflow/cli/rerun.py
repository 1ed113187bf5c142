"""`swflow rerun`."""

import argparse
from typing import Any

from swflow.cli.options import add_command, add_execution, add_json, client_of
from swflow.cli.output import print_json, print_line
from swflow.cli.values import positive
from swflow.tools.rerunning import rerun


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "rerun",
        "start a closed execution again from its first failed step",
        "The new execution has the old one's type, input and signals, and takes the results that "
        "it had before the step failed: those activities, children and @cached calls are not done "
        "again while their arguments are the same. Timers run again.",
    )
    add_execution(parser)
    parser.add_argument(
        "--since",
        type=positive,
        metavar="EVENT",
        help="do again what came at this event or later; 1 is everything (the first failed step)",
    )
    parser.add_argument("--as-version", metavar="VERSION", help="of the workflow, if another one")
    parser.add_argument("--new-id", metavar="WORKFLOW_ID", help="if it is not to be the same")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    client = client_of(options)
    old = client.execution(options.workflow_id, options.run_id)
    made = rerun(
        client,
        old,
        since=options.since,
        version=options.as_version,
        workflow_id=options.new_id,
    )
    ids = {"workflowId": made.execution.workflow_id, "runId": made.execution.run_id}
    if options.json:
        print_json({**ids, "reused": made.reused, "since": made.since})
        return 0
    print_line(f"{ids['workflowId']} {ids['runId']}")
    since = "" if made.since is None else f", again from event {made.since} on"
    print_line(f"reuses {len(made.reused)} results: {', '.join(made.reused) or 'none'}{since}")
    return 0
