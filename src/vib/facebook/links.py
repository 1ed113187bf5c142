"""Where users are linked to Facebook, and how far that is: rows of `links`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Contact, Link, LinkStatus
from vib.errors import VibError
from vib.facebook.names import PROVIDER
from vib.facebook.sealing import LIFETIME

_WHOLE = (LinkStatus.ASKED, LinkStatus.LINKED)  # nothing was begun that has to be ended


def ask(session: Session, user_id: UUID, facebook_id: str, sealed_token: str) -> None:
    """Note that a link is asked for, with the token to use; the latest is used."""
    row = insert(Link).values(
        user_id=user_id, provider=PROVIDER, provider_id=facebook_id, sealed_token=sealed_token
    )
    linked = (Link.status == LinkStatus.LINKED, Link.provider_id)
    changes = {
        "provider_id": case(linked, else_=row.excluded.provider_id),
        "sealed_token": sealed_token,
        "updated_at": func.now(),
    }
    session.execute(row.on_conflict_do_update(index_elements=["user_id", "provider"], set_=changes))


def take_back(session: Session, user_id: UUID, sealed_token: str) -> None:
    """Forget a token that is not going to be used."""
    mine = {"user_id": user_id, "provider": PROVIDER, "sealed_token": sealed_token}
    session.execute(delete(Link).filter_by(**mine, status=LinkStatus.ASKED))
    session.execute(update(Link).filter_by(**mine).values(sealed_token=None))


def begin(session: Session, user_id: UUID) -> Link | None:
    """Begin to link a user, or go on with that; None if the user's friends are contacts already.

    Linking is done once. One that was not finished is no obstacle to the next.

    Raises:
        VibError: nobody asked for it.
    """
    link = session.get(Link, (user_id, PROVIDER), with_for_update=True)
    if link is None:
        raise VibError("Nobody asked for this link, or the user is gone.")
    theirs = select(Contact.id).filter_by(user_id=user_id, provider=PROVIDER).limit(1)
    if link.status in _WHOLE and session.scalar(theirs) is not None:
        link.status, link.reason, link.sealed_token = LinkStatus.LINKED, None, None
        return None
    # Listed by an earlier run, unless a new token asks for more.
    if link.status != LinkStatus.LISTED or link.sealed_token is not None:
        link.status, link.reason = LinkStatus.LISTING, None
    return link


def settle(session: Session, user_id: UUID, status: LinkStatus, reason: str | None = None) -> None:
    """Write how far the link is; the token has served."""
    this = update(Link).filter_by(user_id=user_id, provider=PROVIDER)
    session.execute(this.values(status=status, reason=reason, sealed_token=None))


def begin_to_remove(session: Session, user_id: UUID) -> None:
    """Write that what a link made is being removed."""
    this = update(Link).filter_by(user_id=user_id, provider=PROVIDER)
    session.execute(this.values(status=LinkStatus.UNLINKING))


def remove(session: Session, user_id: UUID) -> None:
    """Write that there is no link any more; a token that came meanwhile is for the next one."""
    this = {"user_id": user_id, "provider": PROVIDER}
    session.execute(delete(Link).filter_by(**this, sealed_token=None))
    session.execute(update(Link).filter_by(**this).values(status=LinkStatus.ASKED))


def with_old_tokens(session: Session) -> Sequence[UUID]:
    """The users whose access token no workflow came for."""
    return session.scalars(select(Link.user_id).where(*_is_old())).all()


def forget_old_token(session: Session, user_id: UUID) -> bool:
    """Forget the access token of a user, if it is one of those; whether it was."""
    theirs = update(Link).where(Link.user_id == user_id, *_is_old()).values(sealed_token=None)
    return session.scalar(theirs.returning(Link.user_id)) is not None


def _is_old() -> Sequence[ColumnElement[bool]]:
    return Link.sealed_token.is_not(None), Link.updated_at < datetime.now(UTC) - LIFETIME
