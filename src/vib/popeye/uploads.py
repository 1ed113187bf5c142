"""Files that arrive in pieces: what is known is in the database, the pieces are in the storage.

So any Popeye goes on with any upload. Each piece is a file of its own under a key that nobody else
uses; the database says which of two that begin at the same byte counts, without a lock.
"""

import logging
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import CursorResult, case, delete, func, select, update
from sqlalchemy.orm import Session

import swflow
from vib import keys
from vib.db.models import Upload, UploadPart, UploadStatus
from vib.messages import UploadJob
from vib.popeye.ingest import NOTHING_SPECIAL, Wishes
from vib.popeye.received import expiry
from vib.services import Services
from vib.workflows.upload_video import upload_video

_log = logging.getLogger(__name__)


class Moved(Exception):  # noqa: N818 - nothing is wrong: somebody else was quicker
    """The upload is not where the piece begins: another request has moved it, or ended it."""


def create(
    context: Services,
    user_id: UUID,
    filename: str,
    length: int,
    wishes: Wishes = NOTHING_SPECIAL,
    *,
    client_metadata: str | None = None,
) -> UUID:
    """Begin an upload, whose id is returned; an empty file is complete with that."""
    upload = _new(user_id, filename, length, wishes)
    upload.client_metadata = client_metadata
    return _begin(context, upload)


def hand_in(
    context: Services, user_id: UUID, filename: str, key: str, wishes: Wishes = NOTHING_SPECIAL
) -> UUID:
    """Take a file that is in the storage already for an upload that is complete; its id.

    The file under `key` is the upload's from now on, and goes when that is processed.

    Raises:
        FileNotFoundError: nothing is stored under `key`.
    """
    size = context.storage.size(key)
    upload = _new(user_id, filename, size, wishes)
    upload.received = size
    return _begin(context, upload, UploadPart(start=0, bytes=size, key=key))


def find(context: Services, upload_id: UUID, user_id: UUID) -> Upload | None:
    """A user's upload as it is now; None where there is none."""
    with context.sessions() as session:
        return session.scalar(select(Upload).filter_by(id=upload_id, user_id=user_id))


def append(context: Services, upload_id: UUID, start: int, piece: Path) -> Upload:
    """Add a piece that begins at byte `start`; what follows from the last one is begun.

    Raises:
        Moved: the upload goes on elsewhere than at `start`; nothing has changed.
    """
    size = piece.stat().st_size
    key = keys.part(upload_id, start, uuid4())
    context.storage.save(key, piece)
    upload = _take(context, upload_id, UploadPart(start=start, bytes=size, key=key))
    if upload is None:
        context.storage.delete(key)
        raise Moved
    if upload.status == UploadStatus.RECEIVED:
        hand_over(context, upload_id, upload.user_id)
    return upload


def terminate(context: Services, upload_id: UUID) -> bool:
    """Forget an upload, unless it is being processed; whether it is forgotten."""
    with context.sessions.begin() as session:
        gone = _changed(
            session,
            delete(Upload).where(Upload.id == upload_id, Upload.status != UploadStatus.RECEIVED),
        )
    if gone:
        context.storage.delete_folder(keys.upload(upload_id))
    return gone


def hand_over(context: Services, upload_id: UUID, user_id: UUID) -> bool:
    """Start the workflow of a complete upload unless it is open; whether it was started.

    Where SWF is away the upload waits: it is safe, and `sync` hands it over.
    """
    job = UploadJob(upload_id, user_id)
    try:
        context.swf.start(upload_video, job, workflow_id=f"upload-{upload_id}")
    except swflow.WorkflowAlreadyRunning:
        return False
    except (swflow.SwflowError, BotoCoreError, ClientError):
        _log.exception("the upload is complete, but its workflow cannot be started yet")
        return False
    return True


def _new(user_id: UUID, filename: str, length: int, wishes: Wishes) -> Upload:
    upload_id = uuid4()
    return Upload(
        id=upload_id,
        user_id=user_id,
        media_id=wishes.media_id or upload_id,
        filename=filename,
        length=length,
        received=0,
        skip_faces=wishes.skip_faces,
        album_id=wishes.album_id,
        expires_at=expiry(),
    )


def _begin(context: Services, upload: Upload, part: UploadPart | None = None) -> UUID:
    is_whole = upload.received == upload.length
    upload.status = UploadStatus.RECEIVED if is_whole else UploadStatus.RECEIVING
    upload_id, user_id = upload.id, upload.user_id
    with context.sessions.begin() as session:
        session.add(upload)
        session.flush()
        if part is not None:
            part.upload_id = upload_id
            session.add(part)
    if is_whole:
        hand_over(context, upload_id, user_id)
    return upload_id


def _take(context: Services, upload_id: UUID, part: UploadPart) -> Upload | None:
    """Move an upload on by a stored part, if it is where the part begins."""
    after = part.start + part.bytes
    with context.sessions.begin() as session:
        upload = session.scalar(
            update(Upload)
            .where(
                Upload.id == upload_id,
                Upload.status == UploadStatus.RECEIVING,
                Upload.received == part.start,
                Upload.length >= after,
                Upload.expires_at > func.now(),
            )
            .values(
                received=after,
                status=case(
                    (Upload.length == after, UploadStatus.RECEIVED), else_=UploadStatus.RECEIVING
                ),
                expires_at=expiry(),
            )
            .returning(Upload),
            execution_options={"synchronize_session": False},
        )
        if upload is not None:
            part.upload_id = upload_id
            session.add(part)
            session.flush()
            session.expunge_all()
        return upload


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - as of every statement that changes rows
    return result.rowcount > 0
