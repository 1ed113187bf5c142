"""Takes back what linking a user to Facebook made."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from vib.contacts.settle import choose_picture
from vib.db.models import Asset, Contact, Feature, Media, MediaType
from vib.facebook import links
from vib.facebook.names import PROVIDER
from vib.services import Services


@dataclass(frozen=True)
class Removed:
    """How many contacts were removed, and how many stay without a provider."""

    contacts: int
    kept: int


def remove_friends(context: Services, user_id: UUID) -> Removed:
    """Remove a user's contacts who came from Facebook, their pictures, and what they look like.

    Who is seen in the user's videos, or was given an e-mail address, is the user's own by now: such
    a contact stays with its name, and is of no provider any more. Files and what a recogniser knows
    go first, the rows last: after a crash they say what is left to be removed.
    """
    with context.sessions.begin() as session:
        links.begin_to_remove(session, user_id)
        pictures = session.scalars(select(Media.id).where(*_pictures(user_id))).all()
        faces = session.scalars(
            select(Asset.id).join(Media, Media.id == Asset.media_id).where(*_pictures(user_id))
        ).all()
    context.recogniser.forget(user_id, faces)
    for picture in pictures:
        context.storage.delete_folder(str(picture))
    with context.sessions.begin() as session:
        removed = _remove_rows(session, user_id)
    context.recogniser.forget(user_id, faces)  # what was learned meanwhile
    return removed


def _remove_rows(session: Session, user_id: UUID) -> Removed:
    shown = (
        select(Feature.contact_id)
        .join(Asset, Asset.id == Feature.asset_id)
        .join(Media, Media.id == Asset.media_id)
        .where(*_pictures(user_id))
    )
    shown_there = set(session.scalars(shown))
    session.execute(delete(Media).where(*_pictures(user_id)))
    is_seen = exists().where(Feature.contact_id == Contact.id)
    theirs = (Contact.user_id == user_id, Contact.provider == PROVIDER)
    kept = session.scalars(
        update(Contact)
        .where(*theirs, or_(is_seen, Contact.email.is_not(None)))
        .values(provider=None, provider_id=None, picture_uri=None)
        .returning(Contact.id)
    ).all()
    removed = session.scalars(delete(Contact).where(*theirs).returning(Contact.id)).all()
    for contact_id in shown_there - set(removed):
        if contact_id is not None:
            choose_picture(session, contact_id)
    links.remove(session, user_id)
    return Removed(len(removed), len(kept))


def _pictures(user_id: UUID) -> Sequence[ColumnElement[bool]]:
    return (Media.user_id == user_id, Media.media_type == MediaType.FB_FACE)
