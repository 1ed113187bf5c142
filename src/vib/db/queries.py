from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Asset, Base

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
