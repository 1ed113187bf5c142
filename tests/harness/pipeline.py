import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from vib import keys
from vib.db.models import Asset, Contact, Media, Stage, StageStatus, UploadPart
from vib.local.processes import Processes
from vib.local.receiver import Receiver
from vib.services import Services


@dataclass
class Pipeline:
    """Every process of the pipeline but SWF and PostgreSQL, to be started and killed one by one."""

    context: Services
    web: Receiver
    processes: Processes
    user_id: UUID

    def start(self, name: str) -> None:
        """Start `decider`, `create-contacts`, or the worker of a task list."""
        programs = ("decider", "create-contacts")
        arguments = (name,) if name in programs else ("worker", name)
        self.processes.start(name, "vib", *arguments)

    def kill(self, name: str) -> None:
        """Kill a process and its children, as a crashing machine does."""
        child = self.processes._children.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def media(self, media_id: UUID) -> Media:
        """The video as it is now."""
        with self.context.sessions() as session:
            return session.get_one(Media, media_id)

    def stage(self, media_id: UUID, name: str) -> Stage | None:
        """A stage of the video as it is now."""
        with self.context.sessions() as session:
            return session.get(Stage, (media_id, name))

    def wait_for_stage(self, media_id: UUID, name: str) -> Stage:
        """Return in the middle of a stage of the video."""

        def in_the_middle() -> bool:
            row = self.stage(media_id, name)
            return row is not None and row.status == StageStatus.RUNNING and row.progress > 0

        wait_until(in_the_middle)
        stage = self.stage(media_id, name)
        assert stage is not None
        return stage

    def wait_until_closed(self, media_id: UUID) -> None:
        """Return when the video's workflow is closed; every process must live until then."""

        def closed() -> bool:
            self.processes.check()
            return not self.context.swf.execution(str(media_id)).is_open()

        wait_until(closed)


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; the test's own time limit is the limit."""
    while not condition():
        time.sleep(0.1)


def assert_rows_and_files_agree(context: Services) -> None:
    """Every file is a row's, and every row's file is there."""
    with context.sessions() as session:
        rows = Counter(session.scalars(select(Asset.key)))
        rows.update(session.scalars(select(UploadPart.key)))
        pictures = set(session.scalars(select(Contact.picture_key)))
    storage = context.storage
    files = {key for folder in storage.folders() for key in storage.keys(folder)}
    assert set(rows) == files
    assert set(rows.values()) == {1}
    assert pictures <= files | {None}
    assert not any(storage.keys(keys.UPLOADS))
