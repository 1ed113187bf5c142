import fcntl
import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from vib.db import migrate
from vib.errors import VibError
from vib.local.database import embedded_postgres
from vib.local.processes import Processes
from vib.local.receiver import Receiver, receiver
from vib.registry import ACTIVITIES, WORKFLOWS
from vib.services import Services, services

RETENTION = timedelta(days=7)
GRACE = "1"
"""Seconds that an activity may go on after Ctrl-C; nobody wants to wait for their prompt."""

JOBS = {"sync": "1h", "fail-orphan-workflows": "1h", "orphan-faces": "6h"}
"""What is done every now and then where the pipeline is there to stay, and how often."""


class Machine:
    """The whole pipeline on one machine.

    Deciders and workers come with `start_workers`, what takes files in and tidies with `start_all`.
    """

    def __init__(
        self, context: Services, web: Receiver, servers: Processes, workers: Processes
    ) -> None:
        self.context = context
        self.web = web
        self._servers = servers
        self._workers = workers

    def start_workers(self) -> None:
        """Start a decider, and a worker for every task list."""
        self._workers.start("decider", "vib", "decider")
        self._workers.start("worker", "vib", "worker", "--grace", GRACE)

    def start_all(self, port: int) -> str:
        """Start all that a fleet has, with a Popeye on this port; where that listens."""
        self.start_workers()
        for name, every in JOBS.items():
            self._workers.start(name, "vib", "job", name, "--every", every)
        return self._workers.start_and_read_line("popeye", "vib", "popeye", "--port", str(port))

    def check(self) -> None:
        """Make sure that everything still runs.

        Raises:
            ProcessEndedError: something does not.
        """
        self._servers.check()
        self._workers.check()


@contextmanager
def only_user_of(folder: Path) -> Iterator[None]:
    """Have a folder for oneself.

    Raises:
        VibError: another process has it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise VibError(f"The folder {folder} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise VibError(f"Another run is using {folder}: wait for it, or stop it.") from error
        yield


@contextmanager
def machine(folder: Path, notify_url: str | None = None) -> Iterator[Machine]:
    """Start what deciders and workers talk to, its data in `folder`; everything stops at the end.

    The environment is where every process, this one too, has its settings from, so this sets it.
    The file `env` in the folder has the same, for shells.

    Args:
        folder: where everything is kept.
        notify_url: where a web application hears of videos; a stand-in here, if left out.
    """
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    kept = _secrets(folder / "secrets")
    with ExitStack() as stack:
        web = stack.enter_context(receiver(kept["VIB_NOTIFY_SECRET"]))
        database_url = stack.enter_context(embedded_postgres(folder / "postgres"))
        servers = stack.enter_context(Processes(folder / "logs"))
        # Entered last, so stopped first, while there is an SWF to hand their work back to.
        workers = stack.enter_context(Processes(folder / "logs"))
        swf = ("serve", "--data", str(folder / "swf.sqlite"), "--port", "0")
        settings = {
            "VIB_DATABASE_URL": database_url,
            "VIB_STORAGE_FOLDER": str(folder / "storage"),
            "VIB_SCRATCH_FOLDER": str(scratch),
            "VIB_SWF_ENDPOINT_URL": servers.start_and_read_line("localswf", "localswf", *swf),
            "VIB_SWF_REGION": "us-east-1",
            "VIB_NOTIFY_URL": notify_url or web.url,
            "VIB_SECRETS_DIR": str(folder / "secrets"),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        (folder / "env").write_text("".join(lines))
        os.environ |= settings | kept
        context = services()
        stack.callback(context.engine.dispose)
        migrate.upgrade(context.engine)
        context.swf.register(*WORKFLOWS, *ACTIVITIES, retention=RETENTION)
        yield Machine(context, web, servers, workers)


def _secrets(folder: Path) -> dict[str, str]:
    """This machine's secrets by their variables, each in a file; the same every time."""
    folder.mkdir(mode=0o700, exist_ok=True)
    makers: dict[str, Callable[[], str]] = {
        "VIB_NOTIFY_SECRET": secrets.token_urlsafe,
        "VIB_UPLOAD_SECRET": secrets.token_urlsafe,
        "VIB_FACEBOOK_KEYS": lambda: Fernet.generate_key().decode(),
    }
    for name, make in makers.items():
        path = folder / name.lower()
        if not path.exists():
            path.touch(0o600)
            path.write_text(make())
    return {name: (folder / name.lower()).read_text() for name in makers}
