from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vib.db.models import Asset, AssetType, Contact, Feature, User
from vib.errors import VibError
from vib.faces.results import RecognitionResult


@dataclass(frozen=True)
class Person:
    """Somebody seen in one video."""

    contact_id: UUID
    name: str | None
    is_new: bool
    tracks: int
    best_score: float
    best_key: str
    """The storage key of the best picture of the face."""
    first_seen: float
    """Seconds from the start of the video."""


def people_in(session: Session, media_id: UUID) -> list[Person]:
    """The people of a video in the order in which they are first seen."""
    rows = session.execute(
        select(Contact, Feature, Asset)
        .join(Feature, Feature.contact_id == Contact.id)
        .join(Asset, Asset.id == Feature.asset_id)
        .where(Asset.media_id == media_id)
        .order_by(Feature.score.desc(), Asset.name)
    )
    faces = defaultdict(list)
    for contact, feature, asset in rows:
        faces[contact.id].append((contact, feature, asset))
    people = [_person(seen) for seen in faces.values()]
    return sorted(people, key=lambda person: (person.first_seen, person.contact_id))


def _person(seen: list[tuple[Contact, Feature, Asset]]) -> Person:
    contact, best, picture = seen[0]
    return Person(
        contact_id=contact.id,
        name=contact.name,
        is_new=best.recognition_result == RecognitionResult.NEW_FACE,
        tracks=len({feature.track_id for _, feature, _ in seen}),
        best_score=best.score,
        best_key=picture.key,
        first_seen=min(feature.track_first_seen for _, feature, _ in seen),
    )


@dataclass(frozen=True)
class KnownPerson:
    """A contact of a user, and how often they were seen."""

    contact_id: UUID
    name: str | None
    provider: str | None
    videos: int
    faces: int
    picture_key: str | None
    picture_uri: str | None


def contacts_of(session: Session, user_id: UUID) -> list[KnownPerson]:
    """A user's contacts, whoever is in most videos first."""
    # A friend's picture shows a face, and is no video.
    in_video = Asset.asset_type == AssetType.FACE
    videos = func.count(Asset.media_id.distinct()).filter(in_video)
    rows = session.execute(
        select(Contact, videos, func.count(Feature.asset_id))
        .outerjoin(Feature, Feature.contact_id == Contact.id)
        .outerjoin(Asset, Asset.id == Feature.asset_id)
        .where(Contact.user_id == user_id)
        .group_by(Contact.id)
        .order_by(videos.desc(), Contact.name, Contact.id)
    )
    return [
        KnownPerson(
            each.id, each.name, each.provider, seen_in, faces, each.picture_key, each.picture_uri
        )
        for each, seen_in, faces in rows
    ]


def user_id_of(session: Session, name: str) -> UUID:
    """The id of the user with an e-mail address, or of whom it is the id.

    Raises:
        VibError: there is none.
    """
    try:
        is_meant = User.id == UUID(name)
    except ValueError:
        is_meant = User.email == name
    user_id = session.scalar(select(User.id).where(is_meant))
    if user_id is None:
        raise VibError(f"There is no user {name}.")
    return user_id
