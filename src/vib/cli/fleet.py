"""The processes of a fleet, and what is done before they are started."""

import argparse
from datetime import timedelta
from typing import Any

from vib import logs
from vib.errors import VibError


def add_to(commands: Any) -> None:
    """Add the commands."""
    migrate = commands.add_parser("migrate", help="bring the database's tables up to date")
    migrate.set_defaults(command=_migrate)

    register = commands.add_parser("register", help="register the domain and every type with SWF")
    register.add_argument("--retention-days", type=int, required=True, help="of a new domain")
    register.set_defaults(command=_register)

    decider = commands.add_parser("decider", help="decide what the workflows do next")
    decider.set_defaults(command=_decider)

    worker = commands.add_parser("worker", help="do the activities of some task lists")
    worker.add_argument("task_lists", nargs="*", metavar="TASK_LIST", help="default: all")
    worker.add_argument(
        "--processes", type=int, default=1, help="activities at a time, of each list"
    )
    worker.add_argument(
        "--grace", type=float, default=30, metavar="SECONDS", help="to finish in when stopped"
    )
    worker.set_defaults(command=_worker)

    popeye = commands.add_parser("popeye", help="take files in, over HTTP")
    popeye.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    popeye.add_argument("--port", type=int, default=8060, help="default: 8060; 0: a free one")
    popeye.add_argument(
        "--metrics", type=int, metavar="PORT", help="for Prometheus, on this machine alone"
    )
    popeye.set_defaults(command=_popeye)


def _migrate(_: argparse.Namespace) -> int:
    from vib.db.migrate import upgrade
    from vib.services import services

    upgrade(services().engine)
    return 0


def _register(arguments: argparse.Namespace) -> int:
    from vib.registry import ACTIVITIES, WORKFLOWS
    from vib.services import services

    retention = timedelta(days=arguments.retention_days)
    services().swf.register(*WORKFLOWS, *ACTIVITIES, retention=retention)
    return 0


def _decider(_: argparse.Namespace) -> int:
    import swflow
    from vib.registry import DECIDER_LIST, WORKFLOWS
    from vib.services import services

    logs.configure(services().settings.log_level)
    swflow.Decider(services().swf, WORKFLOWS, task_list=DECIDER_LIST).run()
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    import swflow
    from vib.registry import ACTIVITIES, TASK_LISTS
    from vib.services import services

    names = arguments.task_lists or TASK_LISTS
    for name in names:
        if name not in TASK_LISTS:
            raise VibError(f"There is no task list {name!r}; there are {', '.join(TASK_LISTS)}.")
    logs.configure(services().settings.log_level)
    swflow.Worker(
        services().swf,
        [activity for activity in ACTIVITIES if activity.task_list in names],
        processes=arguments.processes,
        grace=timedelta(seconds=arguments.grace),
    ).run()
    return 0


def _popeye(arguments: argparse.Namespace) -> int:
    from prometheus_client import start_http_server

    from vib.popeye.http.server import serve
    from vib.services import services

    logs.configure(services().settings.log_level)
    if arguments.metrics is not None:
        start_http_server(arguments.metrics, "127.0.0.1")
    serve(services(), arguments.host, arguments.port)
    return 0
