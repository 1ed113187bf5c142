"""Completes or removes what crashes have left, so that nothing is half there for long."""

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import delete, func, select

from vib import keys
from vib.db.models import Base, Media, MediaStatus, Upload, UploadStatus
from vib.db.queries import mark_failed
from vib.errors import VibError
from vib.popeye import uploads
from vib.popeye.ingest import Wishes, ingest
from vib.popeye.retry import latest_execution
from vib.services import Services

_log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=1)
"""How old something has to be before it is taken for what a crash has left."""


def sync(context: Services, patience: timedelta = PATIENCE) -> Counter[str]:
    """Do all of it; how often what was done.

    May run anywhere, any time, at several places at once.
    """
    done: Counter[str] = Counter()
    _forget_expired_uploads(context, done)
    _hand_over_uploads(context, patience, done)
    _settle_pending_videos(context, patience, done)
    _remove_files_of_nobody(context, done)
    done["unfinished files removed"] += context.storage.forget_unfinished(timedelta(days=1))
    return +done


def _forget_expired_uploads(context: Services, done: Counter[str]) -> None:
    with context.sessions() as session:
        expired = session.scalars(select(Upload).where(Upload.expires_at < func.now())).all()
    for upload in expired:
        if upload.status == UploadStatus.RECEIVED:
            reason = "The file could not be taken in for a week."
            uploads.settle(context, upload.id, UploadStatus.REFUSED, reason=reason)
            uploads.remove_parts(context, upload.id)
            done["uploads refused"] += 1
        elif uploads.terminate(context, upload.id):
            done["uploads forgotten"] += 1


def _hand_over_uploads(context: Services, patience: timedelta, done: Counter[str]) -> None:
    complete_for_long = datetime.now(UTC) + uploads.LIFETIME - patience
    with context.sessions() as session:
        waiting = session.scalars(
            select(Upload).where(
                Upload.status == UploadStatus.RECEIVED, Upload.expires_at < complete_for_long
            )
        ).all()
    for upload in waiting:
        done["uploads handed over"] += uploads.hand_over(context, upload.id, upload.user_id)


def _settle_pending_videos(context: Services, patience: timedelta, done: Counter[str]) -> None:
    with context.sessions() as session:
        pending = session.scalars(
            select(Media).where(
                Media.status == MediaStatus.PENDING,
                Media.updated_at < datetime.now(UTC) - patience,
            )
        ).all()
    for media in pending:
        execution = latest_execution(context, media.id)
        if execution is None:
            done[_complete(context, media)] += 1
        elif not execution.is_open():
            with context.sessions.begin() as session:
                mark_failed(session, media.id, f"The workflow ended as {execution.status()}.")
            done["videos failed"] += 1


def _complete(context: Services, media: Media) -> str:
    """Go on with a video that was taken in half; what was done."""
    if not context.storage.exists(keys.original(media.id)):
        with context.sessions.begin() as session:
            session.execute(delete(Media).filter_by(id=media.id, status=MediaStatus.PENDING))
        return "videos without a file removed"
    wishes = Wishes(media.skip_faces, media.album_id, media.id)
    with (
        context.storage.local(keys.original(media.id)) as original,
        TemporaryDirectory(dir=context.scratch_folder) as folder,
    ):
        path = Path(folder) / media.filename
        path.symlink_to(original)
        try:
            ingest(context, path, media.user_id, wishes)
        except VibError as error:
            with context.sessions.begin() as session:
                mark_failed(session, media.id, str(error))
            return "videos failed"
    return "videos started"


def _remove_files_of_nobody(context: Services, done: Counter[str]) -> None:
    """Remove folders that belong to no row. Rows are always written before their files."""
    for name in context.storage.folders():
        if _is_nobodys(context, Media, name):
            context.storage.delete_folder(name)
            done["folders of no video removed"] += 1
    for name in context.storage.folders(keys.UPLOADS):
        if _is_nobodys(context, Upload, name):
            context.storage.delete_folder(f"{keys.UPLOADS}/{name}")
            done["folders of no upload removed"] += 1


def _is_nobodys(context: Services, model: type[Base], name: str) -> bool:
    try:
        identity = UUID(name)
    except ValueError:
        return False
    with context.sessions() as session:
        return session.get(model, identity) is None
