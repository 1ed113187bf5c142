import hashlib
import mimetypes
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

import swflow
from vib import executions, keys
from vib.contacts.questions import stop_asking
from vib.db.models import AssetType, Media, MediaStatus, Stage
from vib.db.queries import save_asset
from vib.errors import VibError
from vib.forget import remove_made
from vib.messages import VideoJob
from vib.services import Services
from vib.video.confined import probe
from vib.video.probe import VideoInfo
from vib.workflows.video_processing import video_processing

WATCHABLE = (MediaStatus.VISIBLE, MediaStatus.COMPLETE)


class Receipt(StrEnum):
    """What became of a file that was handed in."""

    STARTED = "started"
    IN_PROGRESS = "in progress"
    ALREADY_THERE = "already there"


@dataclass(frozen=True)
class Ingested:
    """The video that a file is, and what became of handing it in."""

    media_id: UUID
    receipt: Receipt


@dataclass(frozen=True)
class Wishes:
    """What whoever hands a file in may ask for.

    Attributes:
        skip_faces: do not look for people.
        album_id: the album that it is meant for, which the web application hears of at the end.
        media_id: the id of the video, if it is a new one.
    """

    skip_faces: bool = False
    album_id: UUID | None = None
    media_id: UUID | None = None


NOTHING_SPECIAL = Wishes()


def ingest(
    context: Services,
    path: Path,
    user_id: UUID,
    wishes: Wishes = NOTHING_SPECIAL,
    *,
    again: bool = False,
) -> Ingested:
    """Take a video in: check it, store it, write its rows, start its workflow.

    A file whose content the user already has is not processed twice unless `again` is true; one
    that failed starts over. A crash at any line leaves something that handing the file in again
    completes, and `sync` too: the row comes first, the stored original second, the workflow last.

    Raises:
        BadVideo: the file cannot be processed.
        VibError: the id that is wished for is another video's.
    """
    info = probe(path)
    media_id = _claim(
        context,
        id=wishes.media_id or uuid4(),
        user_id=user_id,
        sha256=_sha256(path),
        filename=path.name,
        title=path.stem,
        duration=info.duration,
        recorded_at=info.recorded_at,
        skip_faces=wishes.skip_faces,
        album_id=wishes.album_id,
    )
    if not context.storage.exists(keys.original(media_id)):
        context.storage.save(keys.original(media_id), path)
    with context.sessions.begin() as session:
        # The lock makes two that hand in the same file go one after the other.
        media = session.get_one(Media, media_id, with_for_update={"key_share": True})
        if media.status in WATCHABLE and not again:
            return Ingested(media_id, Receipt.ALREADY_THERE)
        if media.status != MediaStatus.PENDING:
            start_over(context, session, media)
            media.skip_faces = wishes.skip_faces
        _save_original(session, media_id, info, path)
        job = job_of(media)
    return Ingested(media_id, start_workflow(context, job))


def job_of(media: Media) -> VideoJob:
    """What a video's workflow is told."""
    return VideoJob(media.id, media.user_id, media.skip_faces)


def start_workflow(context: Services, job: VideoJob) -> Receipt:
    """Start the workflow of a pending video unless it is open; which of both it was."""
    try:
        context.swf.start(video_processing, job, workflow_id=str(job.media_id))
    except swflow.WorkflowAlreadyRunning:
        return Receipt.IN_PROGRESS
    return Receipt.STARTED


def start_over(context: Services, session: Session, media: Media) -> None:
    """Have a video ready to be processed again. One that can be watched stays so meanwhile."""
    stop_asking(context, media.id)
    session.execute(delete(Stage).filter_by(media_id=media.id))
    if media.status == MediaStatus.FAILED:
        # It may still be telling the web application, and would let the video fail once more.
        executions.stop(context.swf, media.id, "the video starts over")
        remove_made(context, session, media.id)
        media.status, media.failure = MediaStatus.PENDING, None


def _claim(context: Services, **row: Any) -> UUID:
    """Write the video's row unless the user already has this content; its id either way."""
    owned = {name: row[name] for name in ("user_id", "sha256")}
    with context.sessions.begin() as session:
        session.execute(insert(Media).values(**row).on_conflict_do_nothing())
        media_id = session.scalar(select(Media.id).filter_by(**owned))
    if media_id is None:
        raise VibError(f"The id {row['id']} belongs to another video: leave it out, or give a new.")
    return media_id


def _save_original(session: Session, media_id: UUID, info: VideoInfo, path: Path) -> None:
    save_asset(
        session,
        media_id=media_id,
        asset_type=AssetType.ORIGINAL,
        name="",
        key=keys.original(media_id),
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        bytes=info.bytes,
        width=info.width,
        height=info.height,
        duration=info.duration,
        bitrate=info.bitrate,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
