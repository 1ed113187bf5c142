"""Completes or removes what crashes have left, so that nothing is half there for long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import delete, func, select

from vib import executions, keys
from vib.activities.fail_media import fail_media
from vib.db.models import Media, MediaStatus, Upload, UploadStatus
from vib.db.queries import is_missing
from vib.errors import VibError
from vib.facebook import links
from vib.jobs.job import Chore, Job
from vib.needs import DATABASE, SANDBOX, SCRATCH, STORAGE, WEB, types
from vib.popeye import received, uploads
from vib.popeye.ingest import Wishes, ingest, job_of
from vib.registry import WORKFLOWS
from vib.services import Services

PATIENCE = timedelta(hours=1)
"""How old something has to be before it is taken for what a crash has left."""

_UNFINISHED = timedelta(days=1)


def find(context: Services, patience: timedelta = PATIENCE) -> Iterator[Chore]:
    """What is left of uploads, of videos that were taken in half, of files, and of requests."""
    yield from _expired_uploads(context)
    yield from _waiting_uploads(context, patience)
    yield from _half_videos(context, patience)
    yield from _files_of_nobody(context)
    yield from _old_tokens(context)
    yield Chore("remove files that were never finished", partial(_forget_unfinished, context))


JOB = Job(
    "sync",
    "completes or removes what crashes have left of uploads, videos and files",
    (DATABASE, STORAGE, SCRATCH, SANDBOX, WEB, types(WORKFLOWS)),
    find,
)


def _expired_uploads(context: Services) -> Iterator[Chore]:
    with context.sessions() as session:
        expired = session.scalars(select(Upload).where(Upload.expires_at < func.now())).all()
    for each in expired:
        is_whole = each.status == UploadStatus.RECEIVED
        verb, end = ("refuse", _refuse) if is_whole else ("forget", _forget)
        do = partial(end, context, each.id)
        yield Chore(f"{verb} the expired upload {each.id}", do, each.user_id)


def _refuse(context: Services, upload_id: UUID) -> str:
    reason = "The file could not be taken in for a week."
    received.settle(context, upload_id, UploadStatus.REFUSED, reason=reason)
    received.remove_parts(context, upload_id)
    return "uploads refused"


def _forget(context: Services, upload_id: UUID) -> str | None:
    return "uploads forgotten" if uploads.terminate(context, upload_id) else None


def _waiting_uploads(context: Services, patience: timedelta) -> Iterator[Chore]:
    complete_for_long = received.expiry() - patience
    with context.sessions() as session:
        waiting = session.scalars(
            select(Upload).where(
                Upload.status == UploadStatus.RECEIVED, Upload.expires_at < complete_for_long
            )
        ).all()
    for each in waiting:
        do = partial(_hand_over, context, each.id, each.user_id)
        yield Chore(f"hand over the upload {each.id}", do, each.user_id)


def _hand_over(context: Services, upload_id: UUID, user_id: UUID) -> str | None:
    with context.sessions() as session:
        status = session.scalar(select(Upload.status).filter_by(id=upload_id))
    if status != UploadStatus.RECEIVED:  # it has been taken in meanwhile
        return None
    return "uploads handed over" if uploads.hand_over(context, upload_id, user_id) else None


def _half_videos(context: Services, patience: timedelta) -> Iterator[Chore]:
    with context.sessions() as session:
        pending = session.scalars(
            select(Media).where(
                Media.status == MediaStatus.PENDING,
                Media.updated_at < datetime.now(UTC) - patience,
            )
        ).all()
    for each in pending:
        if executions.of_pending(context.swf, each) is None:
            do = partial(_complete, context, each)
            yield Chore(f"start, or remove, the video {each.id}", do, each.user_id, each.id)


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
            fail_media(job_of(media), str(error))
            return "videos failed"
    return "videos started"


def _files_of_nobody(context: Services) -> Iterator[Chore]:
    """Folders that belong to no row. Rows are always written before their files."""
    for above, model, whose in (("", Media, "video"), (keys.UPLOADS, Upload, "upload")):
        for name in context.storage.folders(above):
            with context.sessions() as session:
                is_nobodys = is_missing(session, model, name)
            if is_nobodys:
                folder = f"{above}/{name}" if above else name
                do = partial(_remove, context, folder, f"folders of no {whose} removed")
                yield Chore(f"remove the folder {folder} of no {whose}", do)


def _remove(context: Services, folder: str, done: str) -> str:
    context.storage.delete_folder(folder)
    return done


def _old_tokens(context: Services) -> Iterator[Chore]:
    with context.sessions() as session:
        users = links.with_old_tokens(session)
    for user_id in users:
        do = partial(_forget_token, context, user_id)
        yield Chore(f"forget the access token of user {user_id}", do, user_id)


def _forget_token(context: Services, user_id: UUID) -> str | None:
    with context.sessions.begin() as session:
        return "access tokens forgotten" if links.forget_old_token(session, user_id) else None


def _forget_unfinished(context: Services) -> str | None:
    return "unfinished files removed" if context.storage.forget_unfinished(_UNFINISHED) else None
