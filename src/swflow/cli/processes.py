"""`swflow decider` and `swflow worker`."""

import argparse
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.cli.options import add_command, add_types, client_of
from swflow.cli.values import natural, port, positive
from swflow.deciders.decider import Decider
from swflow.errors import SwflowError
from swflow.telemetry import metrics
from swflow.tools.loading import Type, load_types
from swflow.workers.worker import Worker


def add_to(commands: Any) -> None:
    """Add the commands and their options."""
    decider = add_command(commands, "decider", "make the decisions of workflows")
    worker = add_command(commands, "worker", "run activities")
    for parser in (decider, worker):
        add_types(parser)
        parser.add_argument(
            "--metrics",
            type=port,
            metavar="PORT",
            help="serve numbers for Prometheus on this port of this machine, at /metrics",
        )
    decider.add_argument("--task-list", help="what it polls (that of the workflows)")
    decider.add_argument(
        "--cache",
        type=natural,
        default=1_000,
        metavar="N",
        help="executions kept in memory between decisions; 0 replays histories (1000)",
    )
    decider.add_argument(
        "--name",
        help="what no other decider of its task list is called; started again by the same name, "
        "it is asked at once for the executions that it kept",
    )
    worker.add_argument(
        "--task-list", action="append", help="may be given several times (those of the activities)"
    )
    worker.add_argument(
        "--processes",
        type=positive,
        default=1,
        help="for each task list with activities for them (1)",
    )
    worker.add_argument(
        "--concurrency",
        type=positive,
        default=20,
        help="tasks at once on each other task list (20)",
    )
    worker.add_argument(
        "--grace", type=natural, default=30, metavar="SECONDS", help="for the work in hand (30)"
    )
    decider.set_defaults(run=_decide)
    worker.set_defaults(run=_work)


def _decide(options: argparse.Namespace) -> int:
    workflows = [each for each in load_types(options.types) if isinstance(each, WorkflowType)]
    _require(workflows, "workflow", options)
    task_list = options.task_list or _only_list(workflows)
    decider = Decider(
        client_of(options), workflows, task_list=task_list, cache=options.cache, name=options.name
    )
    with metrics.served(options.metrics):
        decider.run()
    return 0


def _only_list(workflows: Sequence[WorkflowType[..., Any]]) -> str:
    names = sorted({each.task_list for each in workflows})
    if len(names) > 1:
        raise SwflowError(
            f"the workflows are declared for several task lists, {', '.join(names)}: a decider "
            f"polls one, which --task-list names"
        )
    return names[0]


def _work(options: argparse.Namespace) -> int:
    activities = [each for each in load_types(options.types) if isinstance(each, ActivityType)]
    _require(activities, "activity", options)
    worker = Worker(
        client_of(options),
        activities,
        task_lists=options.task_list,
        processes=options.processes,
        concurrency=options.concurrency,
        grace=timedelta(seconds=options.grace),
    )
    with metrics.served(options.metrics, children=True):
        worker.run()
    return 0


def _require(found: Sequence[Type], kind: str, options: argparse.Namespace) -> None:
    if not found:
        raise SwflowError(f"no {kind} is in {', '.join(options.types)}")
