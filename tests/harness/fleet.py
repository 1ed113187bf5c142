import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Self

from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from harness.ports import free_port
from harness.swf_server import SwfServer
from vib.db.models import User
from vib.jobs.registry import JOBS
from vib.local.processes import Processes
from vib.registry import TASK_LISTS
from vib.services import Services

SERVERS = ("swf", "postgres")
_OFTEN = "3s"  # how often a job runs


class Fleet:
    """All processes of a pipeline, kept alive as supervisor does, and killed.

    Attributes:
        popeyes: where the two of them listen.
    """

    def __init__(self, context: Services, swf: SwfServer, logs: Path, random: Random) -> None:
        self.popeyes = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
        self._context = context
        self._swf = swf
        self._processes = Processes(logs)
        self._random = random
        self._left_behind: list[int] = []
        self._commands = {
            "decider": ("decider",),
            "create-contacts": ("create-contacts",),
            **{name: ("worker", name) for name in TASK_LISTS},
            **{name: ("job", name, "--every", _OFTEN) for name in JOBS},
            **{
                f"popeye-{number}": ("popeye", "--port", url.rpartition(":")[2])
                for number, url in enumerate(self.popeyes, 1)
            },
        }

    def __enter__(self) -> Self:
        self._processes.__enter__()
        for name in self._commands:
            self._start(name)
        return self

    def __exit__(self, *error: object) -> None:
        self._processes.__exit__(None, None, None)
        for group in self._left_behind:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    @property
    def names(self) -> list[str]:
        """Whatever can be killed."""
        return [*self._commands, *SERVERS]

    def kill(self, name: str) -> None:
        """Kill with SIGKILL, and start again what has ended, after a moment.

        A program dies as its machine does, with all that it started; or alone, and leaves its
        children to themselves; or it lives, and one of its children dies.
        """
        pause = self._random.uniform(0.0, 1.0)
        if name == "swf":
            self._swf.kill()
            time.sleep(pause)
            self._swf.restart()
        elif name == "postgres":
            self._kill_postgres()
        else:
            self._kill_program(name, pause)
        self.see_to_all()

    def see_to_all(self) -> None:
        """Make sure that nothing has ended but by a kill."""
        self._processes.check()

    def _start(self, name: str) -> None:
        self._processes.start(name, "harness.hasty", *self._commands[name])

    def _kill_program(self, name: str, pause: float) -> None:
        program = self._processes._children[name]
        below = list(_below(program.pid))
        how = self._random.choice(("all", "alone", "a child"))
        if how == "a child" and below:
            with suppress(ProcessLookupError):
                os.kill(self._random.choice(below), signal.SIGKILL)
            return
        if how == "alone":
            program.kill()
            self._left_behind.append(program.pid)
        else:
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        time.sleep(pause)
        self._start(name)

    def _kill_postgres(self) -> None:
        """Kill a process of the server, which ends all others, and recovers from its log."""
        ours = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        with suppress(OperationalError), self._context.engine.connect() as connection:
            os.kill(connection.scalars(ours).all()[0], signal.SIGKILL)
            while True:  # until this one has ended, too
                connection.execute(text("SELECT 1"))
        while not self._has_database():
            time.sleep(0.1)

    def _has_database(self) -> bool:
        try:
            with self._context.sessions() as session:
                session.scalars(select(User.id).limit(1)).all()
        except OperationalError:
            return False
        return True


def _below(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            yield child
            yield from _below(child)
