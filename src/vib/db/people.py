from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vib.db.models import Asset, Contact, Feature
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
