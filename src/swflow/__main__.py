"""The command line: `python -m swflow register|decider|worker|replay`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from swflow import replay_command
from swflow.activity import ActivityType
from swflow.client import Client
from swflow.decider import Decider
from swflow.errors import SwflowError
from swflow.loading import Type, load_types
from swflow.logs import JsonFormatter, PlainFormatter
from swflow.worker import Worker
from swflow.workflow import WorkflowType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0, or 2 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    sys.path.insert(0, "")  # as `python -m` has it, so that what is in this folder is found
    if options.command is None:
        return replay_command.run(options)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if options.log_json else PlainFormatter())
    logging.basicConfig(level=options.log_level, handlers=[handler])
    client = Client(
        options.domain,
        endpoint_url=options.endpoint_url,
        region=options.region,
        profile=options.profile,
    )
    try:
        types = load_types(options.types)
        options.command(client, types, options)
    except (SwflowError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"swflow: {error}\n")
        return 2
    return 0


def _register(client: Client, types: list[Type], options: argparse.Namespace) -> None:
    days = options.retention
    client.register(*types, retention=None if days is None else timedelta(days=days))
    for each in types:
        sys.stdout.write(f"{each.name} {each.version}\n")


def _decide(client: Client, types: list[Type], options: argparse.Namespace) -> None:
    workflows = [each for each in types if isinstance(each, WorkflowType)]
    _require(workflows, "workflow", options)
    Decider(client, workflows, task_list=options.task_list).run()


def _work(client: Client, types: list[Type], options: argparse.Namespace) -> None:
    activities = [each for each in types if isinstance(each, ActivityType)]
    _require(activities, "activity", options)
    Worker(
        client,
        activities,
        task_lists=options.task_list,
        processes=options.processes,
        concurrency=options.concurrency,
        grace=timedelta(seconds=options.grace),
    ).run()


def _require(found: Sequence[Type], kind: str, options: argparse.Namespace) -> None:
    if not found:
        raise SwflowError(f"no {kind} is in {', '.join(options.types)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="swflow", description="Durable workflows on Amazon SWF.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    register = commands.add_parser("register", help="register workflows, activities, the domain")
    register.add_argument(
        "--retention", type=int, metavar="DAYS", help="create the domain if it is missing"
    )
    replay_command.add_parser(commands)
    decider = commands.add_parser("decider", help="make the decisions of workflows")
    worker = commands.add_parser("worker", help="run activities")
    worker.add_argument(
        "--task-list", action="append", help="may be given several times (those of the activities)"
    )
    worker.add_argument(
        "--processes", type=int, default=1, help="for each task list with activities for them (1)"
    )
    worker.add_argument(
        "--concurrency", type=int, default=20, help="tasks at once on each other task list (20)"
    )
    worker.add_argument(
        "--grace", type=int, default=30, metavar="SECONDS", help="for the work in hand (30)"
    )
    for each, command in ((register, _register), (decider, _decide), (worker, _work)):
        each.set_defaults(command=command)
        each.add_argument("types", nargs="+", help="package.module or package.module:attribute")
        each.add_argument("--domain", required=True)
        each.add_argument("--endpoint-url", help="if the service is not Amazon's")
        each.add_argument("--region", help="if it is not the configured one")
        each.add_argument("--profile", help="of boto3's configuration")
        each.add_argument("--log-level", default="INFO", type=str.upper)
        each.add_argument("--log-json", action="store_true", help="a JSON object a line")
    decider.add_argument("--task-list", required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
