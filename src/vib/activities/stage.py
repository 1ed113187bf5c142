import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

import swflow
from vib.db.models import Media, Stage, StageStatus
from vib.db.queries import upsert
from vib.errors import VibError
from vib.logs import about, timed

SECONDS_BETWEEN_WRITES = 0.2


@contextmanager
def stage(sessions: sessionmaker[Session], media_id: UUID, name: str) -> Iterator["Progress"]:
    """Record one run of a stage of one video, in the database for people to see and in the log.

    Raises:
        swflow.Failure: with `retry` false in place of a VibError, which trying again cannot mend.
    """
    progress = Progress(sessions, media_id, name)
    try:
        with about(user_uuid=_owner(sessions, media_id), media_uuid=media_id), timed(name):
            yield progress
    except swflow.ActivityCancelled:
        raise  # the row is another run's by now
    except Exception as error:
        progress.finish(StageStatus.FAILED, str(error) or type(error).__name__)
        if isinstance(error, VibError):
            raise swflow.Failure(str(error), retry=False) from error
        raise
    progress.finish(StageStatus.DONE)


class Progress:
    """Called with 0 to 1, as often as one likes: tells SWF (a heartbeat) and the database.

    Raises swflow.ActivityCancelled where this run is no longer wanted.
    """

    def __init__(self, sessions: sessionmaker[Session], media_id: UUID, name: str) -> None:
        self._sessions = sessions
        self._media_id = media_id
        self._name = name
        self._attempt = _attempt()
        self._written_at = time.monotonic()
        row = {
            "media_id": media_id,
            "stage": name,
            "status": StageStatus.RUNNING,
            "progress": 0.0,
            "attempt": self._attempt,
            "detail": None,
            "started_at": datetime.now(UTC),
            "finished_at": None,
        }
        with sessions.begin() as session:
            upsert(session, Stage, ("media_id", "stage"), row)

    def __call__(self, fraction: float) -> None:
        """Report how much of the stage is done."""
        swflow.heartbeat({"progress": round(fraction, 3)})
        if time.monotonic() - self._written_at >= SECONDS_BETWEEN_WRITES:
            self._written_at = time.monotonic()
            self._write(progress=min(max(fraction, 0.0), 1.0))

    def finish(self, status: StageStatus, detail: str | None = None) -> None:
        """Write how this run ended."""
        values: dict[str, Any] = {"status": status, "detail": detail}
        if status is StageStatus.DONE:
            values["progress"] = 1.0
        self._write(finished_at=datetime.now(UTC), **values)

    def _write(self, **values: Any) -> None:
        # A run that was given up must not touch the row of the run that followed it.
        mine = update(Stage).filter_by(
            media_id=self._media_id, stage=self._name, attempt=self._attempt
        )
        with self._sessions.begin() as session:
            session.execute(mine.values(**values))


def _owner(sessions: sessionmaker[Session], media_id: UUID) -> UUID | None:
    with sessions() as session:
        return session.scalar(select(Media.user_id).filter_by(id=media_id))


def _attempt() -> int:
    try:
        return swflow.activity_info().attempt
    except LookupError:  # called as a plain function, without a worker
        return 1
