"""The processes of a fleet, and what is done before they are started."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vib.cli.programs import set_program
from vib.cli.values import amount, port, processes, retention_days
from vib.errors import VibError

if TYPE_CHECKING:
    from vib.needs import Need
    from vib.services import Services

NOT_READY = 2


def add_to(commands: Any) -> None:
    """Add the commands."""
    migrate = commands.add_parser("migrate", help="bring the database's tables up to date")
    migrate.set_defaults(command=_migrate)

    register = commands.add_parser("register", help="register the domain and every type with SWF")
    register.add_argument(
        "--retention-days",
        type=retention_days,
        required=True,
        metavar="DAYS",
        help="of a new domain, 1 to 90",
    )
    register.set_defaults(command=_register)

    decider = commands.add_parser("decider", help="decide what the workflows do next")
    decider.add_argument(
        "--name", help="what no other decider is called; started again by it, it goes on at once"
    )
    set_program(decider, _decider, _decider_needs)

    worker = commands.add_parser("worker", help="do the activities of some task lists")
    worker.add_argument("task_lists", nargs="*", metavar="TASK_LIST", help="default: all")
    worker.add_argument(
        "--processes", type=processes, default=1, help="activities at a time, of each list"
    )
    worker.add_argument(
        "--grace", type=amount, default=30, metavar="SECONDS", help="to finish in when stopped"
    )
    set_program(worker, _worker, _worker_needs)

    popeye = commands.add_parser("popeye", help="take files in, over HTTP")
    popeye.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    popeye.add_argument("--port", type=port, default=8060, help="default: 8060; 0: a free one")
    _add_metrics(popeye)
    set_program(popeye, _popeye, _popeye_needs)

    contacts = commands.add_parser(
        "create-contacts", help="take requests to link users to Facebook from the queue"
    )
    _add_metrics(contacts)
    set_program(contacts, _create_contacts, _create_contacts_needs)

    check = commands.add_parser(
        "check", help="tell what is in the way of a process, before it is started"
    )
    check.add_argument(
        "--supervised",
        type=Path,
        metavar="FILE",
        help="all that a configuration of supervisor's starts, each as its user",
    )
    check.add_argument(
        "program", nargs=argparse.REMAINDER, metavar="COMMAND", help="such as: worker transcode"
    )
    check.set_defaults(command=partial(_check, commands.choices))


def _add_metrics(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metrics", type=port, metavar="PORT", help="for Prometheus, on this machine alone"
    )


def _serve_metrics(arguments: argparse.Namespace) -> None:
    from prometheus_client import start_http_server

    if arguments.metrics is None:
        return
    try:
        start_http_server(arguments.metrics, "127.0.0.1")
    except OSError as error:
        raise VibError(
            f"Metrics cannot be served on port {arguments.metrics}: {error.strerror}."
        ) from error


def _check(commands: Mapping[str, argparse.ArgumentParser], arguments: argparse.Namespace) -> int:
    if arguments.supervised is not None:
        from vib.cli import supervised

        programs = supervised.read(arguments.supervised)
        problems = supervised.problems_with(programs, partial(_problems, commands))
    else:
        problems = _problems(commands, arguments.program)
    for problem in problems:
        print(f"vib: {problem}", file=sys.stderr)  # noqa: T201 - what the command is for
    return NOT_READY if problems else 0


def _problems(commands: Mapping[str, argparse.ArgumentParser], command: Sequence[str]) -> list[str]:
    from vib.needs import problems_with
    from vib.services import services

    name, *rest = command or [""]
    program = commands[name].parse_args(rest) if name in commands else argparse.Namespace()
    if not hasattr(program, "needs"):
        raise VibError("Name a process and its arguments: vib check worker transcode.")
    return problems_with(services(), program.needs(program))


def _migrate(_: argparse.Namespace) -> int:
    from vib.db.migrate import upgrade
    from vib.services import services

    upgrade(services().engine)
    return 0


def _register(arguments: argparse.Namespace) -> int:
    from vib.registry import ACTIVITIES, WORKFLOWS
    from vib.services import services

    retention = timedelta(days=arguments.retention_days)
    for each in services().swf.register(*WORKFLOWS, *ACTIVITIES, retention=retention):
        if each.new:
            print("registered", each.kind, each.name, each.version or "")  # noqa: T201 - what the command is for
    return 0


def _decider_needs(_: argparse.Namespace) -> "Sequence[Need]":
    from vib import needs

    return needs.DECIDER


def _decider(context: "Services", arguments: argparse.Namespace) -> int:
    import swflow
    from vib.registry import DECIDER_LIST, WORKFLOWS

    swflow.Decider(context.swf, WORKFLOWS, task_list=DECIDER_LIST, name=arguments.name).run()
    return 0


def _worker_needs(arguments: argparse.Namespace) -> "Sequence[Need]":
    from vib import needs
    from vib.registry import TASK_LISTS

    names = arguments.task_lists or TASK_LISTS
    for name in names:
        if name not in TASK_LISTS:
            raise VibError(f"There is no task list {name!r}; there are {', '.join(TASK_LISTS)}.")
    return needs.of_worker(names)


def _worker(context: "Services", arguments: argparse.Namespace) -> int:
    import swflow
    from vib.registry import ACTIVITIES, TASK_LISTS

    names = arguments.task_lists or TASK_LISTS
    swflow.Worker(
        context.swf,
        [activity for activity in ACTIVITIES if activity.task_list in names],
        processes=arguments.processes,
        grace=timedelta(seconds=arguments.grace),
    ).run()
    return 0


def _popeye_needs(_: argparse.Namespace) -> "Sequence[Need]":
    from vib import needs

    return needs.POPEYE


def _popeye(context: "Services", arguments: argparse.Namespace) -> int:
    from vib.popeye.http.server import serve

    _serve_metrics(arguments)
    serve(context, arguments.host, arguments.port)
    return 0


def _create_contacts_needs(_: argparse.Namespace) -> "Sequence[Need]":
    from vib import needs

    return needs.CREATE_CONTACTS


def _create_contacts(context: "Services", arguments: argparse.Namespace) -> int:
    from vib.facebook.consumer import Consumer

    _serve_metrics(arguments)
    Consumer(context).run()
    return 0
