"""`swflow start`."""

import argparse
from datetime import timedelta
from typing import Any

from swflow.authoring.workflow import ExecutionOptions, WorkflowType
from swflow.cli.options import add_command, add_json, client_of
from swflow.cli.output import print_json, print_line
from swflow.cli.values import ARGUMENTS_HELP, call, positive
from swflow.tools.loading import load_one


def add_to(commands: Any) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "start",
        "start an execution of a workflow",
        "Prints its workflow id and its run id.",
    )
    parser.add_argument("workflow", metavar="WORKFLOW", help="package.module:workflow")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help=ARGUMENTS_HELP)
    parser.add_argument(
        "--workflow-id", help="whom it is about; if left out, one that nobody else has"
    )
    parser.add_argument(
        "--tag", action="append", default=[], help="to find it by; can be given five times"
    )
    parser.add_argument("--task-list", help="where its decision tasks go, if not as declared")
    parser.add_argument("--priority", type=int, help="the higher, the sooner it is decided")
    parser.add_argument(
        "--execution-timeout", type=positive, metavar="SECONDS", help="if not as declared"
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait for its end and print its result as JSON"
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    declared: WorkflowType[..., Any] = load_one(options.workflow, WorkflowType, "workflow")
    args, kwargs = call(declared.codec, options.arguments)
    changes: ExecutionOptions = {}
    if options.task_list is not None:
        changes["task_list"] = options.task_list
    if options.priority is not None:
        changes["priority"] = options.priority
    if options.execution_timeout is not None:
        changes["execution_timeout"] = timedelta(seconds=options.execution_timeout)
    client = client_of(options)
    workflow = declared.options(**changes)
    id_and_tags: Any = {"workflow_id": options.workflow_id, "tags": options.tag}
    execution = client.start(workflow, *args, **id_and_tags, **kwargs)
    started = {"workflowId": execution.workflow_id, "runId": execution.run_id}
    if options.wait:
        # By its ids alone, so that the result stays the JSON that it travelled as.
        result = client.execution(execution.workflow_id, execution.run_id).result()
        print_json({**started, "result": result} if options.json else result)
    elif options.json:
        print_json(started)
    else:
        print_line(f"{execution.workflow_id} {execution.run_id}")
    return 0
