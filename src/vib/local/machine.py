import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from vib.db import migrate
from vib.local.database import embedded_postgres
from vib.local.processes import Processes
from vib.local.receiver import Receiver, receiver
from vib.registry import ACTIVITIES, WORKFLOWS
from vib.services import Services, services

RETENTION = timedelta(days=7)
GRACE = "1"
"""Seconds that an activity may go on after Ctrl-C; nobody wants to wait for their prompt."""


class Machine:
    """The whole pipeline on one machine. Deciders and workers come with `start_workers`."""

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

    def check(self) -> None:
        """Make sure that everything still runs.

        Raises:
            ProcessEndedError: something does not.
        """
        self._servers.check()
        self._workers.check()


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """Start what deciders and workers talk to, its data in `folder`; everything stops at the end.

    The environment is where every process, this one too, has its settings from, so this sets it.
    """
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    secret = secrets.token_urlsafe()
    with ExitStack() as stack:
        web = stack.enter_context(receiver(secret))
        database_url = stack.enter_context(embedded_postgres(folder / "postgres"))
        servers = stack.enter_context(Processes(folder / "logs"))
        # Entered last, so stopped first, while there is an SWF to hand their work back to.
        workers = stack.enter_context(Processes(folder / "logs"))
        swf = ("serve", "--data", str(folder / "swf.sqlite"), "--port", "0")
        os.environ |= {
            "VIB_DATABASE_URL": database_url,
            "VIB_STORAGE_FOLDER": str(folder / "storage"),
            "VIB_SCRATCH_FOLDER": str(scratch),
            "VIB_SWF_ENDPOINT_URL": servers.start_and_read_line("localswf", "localswf", *swf),
            "VIB_SWF_REGION": "us-east-1",
            "VIB_NOTIFY_URL": web.url,
            "VIB_NOTIFY_SECRET": secret,
            "VIB_FACEBOOK_KEYS": Fernet.generate_key().decode(),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        context = services()
        stack.callback(context.engine.dispose)
        migrate.upgrade(context.engine)
        context.swf.register(*WORKFLOWS, *ACTIVITIES, retention=RETENTION)
        yield Machine(context, web, servers, workers)
