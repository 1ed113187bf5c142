import hashlib
import mimetypes
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

import swflow
from vib import keys
from vib.db.models import AssetType, Media, MediaStatus, Stage
from vib.db.queries import save_asset
from vib.messages import VideoJob
from vib.popeye.confined import probe
from vib.popeye.probe import VideoInfo
from vib.services import Services
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


def ingest(
    context: Services,
    path: Path,
    user_id: UUID,
    *,
    skip_faces: bool = False,
    again: bool = False,
) -> Ingested:
    """Take a video in: check it, store it, write its rows, start its workflow.

    A file whose content the user already has is not processed twice unless `again` is true; one
    that failed is. A crash at any line leaves something that handing the file in again completes:
    the row comes first, the stored original second, the workflow last.

    Raises:
        BadVideo: the file cannot be processed.
    """
    info = probe(path)
    media_id = _claim(
        context,
        user_id=user_id,
        sha256=_sha256(path),
        filename=path.name,
        title=path.stem,
        duration=info.duration,
        recorded_at=info.recorded_at,
        skip_faces=skip_faces,
    )
    if not context.storage.exists(keys.original(media_id)):
        context.storage.save(keys.original(media_id), path)
    with context.sessions.begin() as session:
        # The lock makes two that hand in the same file go one after the other.
        media = session.get_one(Media, media_id, with_for_update={"key_share": True})
        if media.status in WATCHABLE and not again:
            return Ingested(media_id, Receipt.ALREADY_THERE)
        _save_original(session, media_id, info, path)
        media.status, media.failure = MediaStatus.PENDING, None
        session.execute(delete(Stage).filter_by(media_id=media_id))
        job = VideoJob(media_id, user_id, skip_faces)
        try:
            context.swf.start(video_processing, job, workflow_id=str(media_id))
        except swflow.WorkflowAlreadyRunning:
            session.rollback()
            return Ingested(media_id, Receipt.IN_PROGRESS)
    return Ingested(media_id, Receipt.STARTED)


def _claim(context: Services, **row: Any) -> UUID:
    """Write the video's row unless the user already has this content; its id either way."""
    owned = {name: row[name] for name in ("user_id", "sha256")}
    with context.sessions.begin() as session:
        session.execute(
            insert(Media).values(**row).on_conflict_do_nothing(index_elements=list(owned))
        )
        return session.scalars(select(Media.id).filter_by(**owned)).one()


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
