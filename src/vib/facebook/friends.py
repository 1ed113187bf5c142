"""A user's friends as contacts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Contact
from vib.facebook.graph import Friend
from vib.facebook.names import PROVIDER, contact_id
from vib.messages import FriendBatch

BATCH = 40  # friends; the list of all batches has to be one result of an activity


def save_friends(session: Session, user_id: UUID, friends: Sequence[Friend]) -> None:
    """Make contacts of friends, or bring those that there are up to date.

    A contact keeps the name that it has, for it may be the user's own choice.
    """
    named = {friend.facebook_id: friend for friend in friends}  # each once
    if not named:
        return
    theirs = select(Contact.provider_id, Contact.id).where(
        Contact.user_id == user_id, Contact.provider == PROVIDER, Contact.provider_id.in_(named)
    )
    known = {row.provider_id: row.id for row in session.execute(theirs)}
    rows = [
        {
            "id": known.get(friend.facebook_id) or contact_id(user_id, friend.facebook_id),
            "user_id": user_id,
            "provider": PROVIDER,
            "provider_id": friend.facebook_id,
            "name": friend.name,
            "picture_uri": friend.picture_uri,
        }
        for friend in named.values()
    ]
    statement = insert(Contact).values(rows)
    new = statement.excluded
    changes: dict[str, ColumnElement[Any]] = {
        name: new[name] for name in ("provider", "provider_id", "picture_uri")
    }
    changes["name"] = func.coalesce(Contact.name, new.name)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes))


def batches(session: Session, user_id: UUID) -> list[FriendBatch]:
    """The contacts whose pictures are to be looked at, in parts of `BATCH`."""
    ids = session.scalars(
        select(Contact.id)
        .filter_by(user_id=user_id, provider=PROVIDER)
        .where(Contact.picture_uri.is_not(None))
        .order_by(Contact.id)
    ).all()
    return [
        FriendBatch(ids[start], ids[min(start + BATCH, len(ids)) - 1])
        for start in range(0, len(ids), BATCH)
    ]


def friends_in(session: Session, user_id: UUID, batch: FriendBatch) -> Sequence[Contact]:
    """The contacts of a batch that there still are."""
    return session.scalars(
        select(Contact)
        .filter_by(user_id=user_id, provider=PROVIDER)
        .where(Contact.picture_uri.is_not(None), Contact.id.between(batch.first, batch.last))
        .order_by(Contact.id)
    ).all()
