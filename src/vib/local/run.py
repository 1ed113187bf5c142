import fcntl
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from vib.db import migrate
from vib.db.models import User
from vib.errors import VibError
from vib.local.database import embedded_postgres
from vib.local.processes import Processes
from vib.local.receiver import receiver
from vib.local.report import report
from vib.local.sample import make_sample
from vib.local.watch import watch
from vib.popeye.ingest import Receipt, ingest
from vib.popeye.probe import probe
from vib.registry import ACTIVITIES, TASK_LISTS, WORKFLOWS
from vib.services import Services, services

OWNER = "you@localhost"
RETENTION = timedelta(days=7)
GRACE = "1"
"""Seconds that an activity may go on after Ctrl-C; nobody wants to wait for their prompt."""
INTERRUPTED = 130
"""The exit status that a shell gives a program ended by Ctrl-C."""


def run(video: Path | None, *, folder: Path, again: bool = False, skip_faces: bool = False) -> int:
    """Process one video with every part of the pipeline on this machine, and show what came out.

    Databases, results and logs are kept in `folder`; everything that is started is stopped. What a
    Ctrl-C interrupts goes on where it was when the same command is given again.

    Returns:
        The exit status: 0, or 1 where the video failed, or 130 after Ctrl-C.

    Raises:
        VibError: the video cannot be processed, or another run is using the folder.
    """
    console = Console()
    folder = folder.resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _only_run_in(folder), ExitStack() as stack:
            if video is None:
                video = _sample(folder, console)
            probe(video)  # a file that cannot be processed is refused before anything is started
            with console.status("Starting PostgreSQL and localswf ..."):
                context = _start_services(folder, stack)
            user_id = _owner(context)
            ingested = ingest(context, video, user_id, skip_faces=skip_faces, again=again)
            execution = context.swf.execution(str(ingested.media_id))
            if ingested.receipt is Receipt.ALREADY_THERE and not execution.is_open():
                console.print(f"You already have this file, {video.name}; nothing was done twice.")
                console.print("To process it once more: make run AGAIN=1, or vib run --again.\n")
            else:
                # Entered last, so stopped first, while there is an SWF to hand their work back to.
                workers = stack.enter_context(Processes(folder / "logs"))
                _start_workers(workers)
                watch(context, ingested.media_id, execution, workers, console)
            return report(context, ingested.media_id, folder, console)
    except KeyboardInterrupt:
        console.print("\nStopped. The same command goes on from here.")
        return INTERRUPTED


@contextmanager
def _only_run_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise VibError(f"Another run is using {folder}: wait for it, or stop it.") from error
        yield


def _sample(folder: Path, console: Console) -> Path:
    path = folder / "sample.mp4"
    if not path.exists():
        with console.status("Making a sample video ..."):
            make_sample(path)
    return path


def _start_services(folder: Path, stack: ExitStack) -> Services:
    """Start what deciders and workers talk to; `stack` stops it in reverse order."""
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    secret = secrets.token_urlsafe()
    web = stack.enter_context(receiver(secret))
    database_url = stack.enter_context(embedded_postgres(folder / "postgres"))
    processes = stack.enter_context(Processes(folder / "logs"))
    swf = ("serve", "--data", str(folder / "swf.sqlite"), "--port", "0")
    # The environment is where every process, this one too, has its settings from.
    os.environ |= {
        "VIB_DATABASE_URL": database_url,
        "VIB_STORAGE_FOLDER": str(folder / "storage"),
        "VIB_SCRATCH_FOLDER": str(scratch),
        "VIB_SWF_ENDPOINT_URL": processes.start_and_read_line("localswf", "localswf", *swf),
        "VIB_SWF_REGION": "us-east-1",
        "VIB_NOTIFY_URL": web.url,
        "VIB_NOTIFY_SECRET": secret,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    context = services()
    stack.callback(context.engine.dispose)
    migrate.upgrade(context.engine)
    context.swf.register(*WORKFLOWS, *ACTIVITIES, retention=RETENTION)
    return context


def _start_workers(workers: Processes) -> None:
    workers.start("decider", "vib", "decider")
    for name in TASK_LISTS:
        workers.start(f"worker-{name}", "vib", "worker", name, "--grace", GRACE)


def _owner(context: Services) -> UUID:
    """The id of the one user of this machine."""
    with context.sessions.begin() as session:
        session.execute(insert(User).values(email=OWNER).on_conflict_do_nothing())
        return session.scalars(select(User.id).filter_by(email=OWNER)).one()
