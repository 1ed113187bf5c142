import argparse
import sys
from datetime import timedelta
from pathlib import Path

from swflow import SwflowError
from vib import __version__, logs
from vib.errors import VibError

BAD_INPUT = 2


def main() -> None:
    """The command `vib`. Exit status 2 and one sentence for what the user can put right."""
    arguments = _parser().parse_args()
    try:
        status = arguments.command(arguments)
    except (VibError, SwflowError) as error:
        print(f"vib: {error}", file=sys.stderr)  # noqa: T201
        status = BAD_INPUT
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vib", description="The video and face pipeline.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="process a video with everything on this machine")
    run.add_argument("video", nargs="?", type=Path, help="default: a sample that is made here")
    run.add_argument("--again", action="store_true", help="also if it was processed before")
    run.add_argument("--skip-faces", action="store_true", help="do not look for people")
    run.add_argument("--folder", type=Path, default=Path("var"), help="default: var")
    run.set_defaults(command=_run)

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
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from vib.local.run import run

    return run(
        arguments.video,
        folder=arguments.folder,
        again=arguments.again,
        skip_faces=arguments.skip_faces,
    )


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


if __name__ == "__main__":
    main()
