"""`swflow inject`."""

import argparse
from datetime import timedelta
from typing import Any

from swflow.authoring.activity import ActivityType
from swflow.cli.options import add_command, add_json, client_of
from swflow.cli.output import print_json
from swflow.cli.values import ARGUMENTS_HELP, call, positive
from swflow.errors import SwflowError
from swflow.tools.injecting import inject
from swflow.tools.loading import load_one


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "inject",
        "have a worker run one activity, by hand",
        "Puts one task with a hand-made input in front of the workers and waits for what comes of "
        "it: no workflow and no decider is needed. It is not tried again if it fails. "
        "Prints the result as JSON.",
    )
    parser.add_argument("activity", metavar="ACTIVITY", help="package.module:activity")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("arguments", nargs="*", default=[], metavar="ARGUMENT", help=ARGUMENTS_HELP)
    given.add_argument(
        "--input", metavar="TEXT", help="the input as a history shows it, even if it does not fit"
    )
    parser.add_argument("--task-list", help="where the task goes, if not as declared")
    parser.add_argument("--workflow-id", help="of the execution that the task is put into")
    parser.add_argument(
        "--timeout", type=positive, default=3_600, metavar="SECONDS", help="to wait (3,600)"
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    activity: ActivityType[..., Any] = load_one(options.activity, ActivityType, "activity")
    if options.task_list is not None:
        activity = activity.options(task_list=options.task_list)
    given = options.input
    if given is None:
        args, kwargs = call(activity.codec, options.arguments)
        given = activity.encode_input(args, kwargs)
    elif options.arguments:
        raise SwflowError("give either arguments or --input")
    timeout = timedelta(seconds=options.timeout)
    execution = inject(
        client_of(options), activity, given, timeout=timeout, workflow_id=options.workflow_id
    )
    result = execution.result()
    if options.json:
        ids = {"workflowId": execution.workflow_id, "runId": execution.run_id}
        print_json({**ids, "result": result})
    else:
        print_json(result)
    return 0
