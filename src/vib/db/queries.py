from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Asset, Base, Media, MediaStatus, Stage

ASSET_KEY = ("media_id", "asset_type", "name")


def upsert(session: Session, model: type[Base], key: tuple[str, ...], row: dict[str, Any]) -> None:
    """Insert `row`, or make the row that has the same natural `key` like it."""
    statement = insert(model).values(**row)
    changes = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))


def save_asset(session: Session, **row: Any) -> UUID:
    """Write a stored file's row, whose natural key is `ASSET_KEY`; its id."""
    upsert(session, Asset, ASSET_KEY, row)
    key = {name: row[name] for name in ASSET_KEY}
    return session.scalars(select(Asset.id).filter_by(**key)).one()


def is_missing(session: Session, model: type[Base], name: str) -> bool:
    """Whether there is no row with the id that `name` is; a name that is no id misses none."""
    try:
        return session.get(model, UUID(name)) is None
    except ValueError:
        return False


def mark_failed(session: Session, media_id: UUID, reason: str) -> None:
    """Mark a video as failed, with the reason people will read; never one that can be watched."""
    session.execute(
        update(Media)
        .filter_by(id=media_id, status=MediaStatus.PENDING)
        .values(status=MediaStatus.FAILED, failure=reason)
    )


def stages_of(session: Session, media_id: UUID) -> list[Stage]:
    """The stages of a video in the order in which they started."""
    in_order = select(Stage).filter_by(media_id=media_id).order_by(Stage.started_at)
    return list(session.scalars(in_order))
