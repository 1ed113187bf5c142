"""Uploads of which all has arrived: put together, settled, their pieces removed."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from vib import keys
from vib.db.models import Upload, UploadPart, UploadStatus
from vib.errors import VibError
from vib.services import Services

_LIFETIME = timedelta(days=7)
"""How long an upload may rest before it is forgotten, and how long its end is remembered."""


def assemble(context: Services, upload: Upload, path: Path) -> None:
    """Write the whole file of a complete upload.

    Raises:
        VibError: a piece has been taken out of the storage.
    """
    with context.sessions() as session:
        in_order = select(UploadPart).filter_by(upload_id=upload.id).order_by(UploadPart.start)
        parts = session.scalars(in_order).all()
    with path.open("wb") as file:
        for part in parts:
            try:
                with context.storage.local(part.key) as source, source.open("rb") as piece:
                    shutil.copyfileobj(piece, file, 1 << 20)
            except FileNotFoundError as error:
                raise VibError(f"{part.key} is not in the storage any more.") from error
    if path.stat().st_size != upload.length:
        raise OSError(f"{upload.id} has {path.stat().st_size} bytes in place of {upload.length}.")


def settle(context: Services, upload_id: UUID, status: UploadStatus, **more: Any) -> None:
    """Write what became of a complete upload, once."""
    with context.sessions.begin() as session:
        session.execute(
            update(Upload)
            .filter_by(id=upload_id, status=UploadStatus.RECEIVED)
            .values(status=status, expires_at=expiry(), **more)
        )


def remove_parts(context: Services, upload_id: UUID) -> None:
    """Remove an upload's pieces, files and rows."""
    with context.sessions.begin() as session:
        for part in session.scalars(select(UploadPart).filter_by(upload_id=upload_id)):
            context.storage.delete(part.key)
            session.delete(part)
    context.storage.delete_folder(keys.upload(upload_id))


def expiry() -> datetime:
    """When an upload that rests from now on is forgotten."""
    return datetime.now(UTC) + _LIFETIME
