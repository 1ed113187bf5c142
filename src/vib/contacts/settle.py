from collections.abc import Sequence
from itertools import chain
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.contacts.tracks import Track
from vib.db.models import Asset, Contact, Feature
from vib.faces.results import RecognitionResult
from vib.messages import VideoJob
from vib.recognisers.recogniser import StoredFace


def give_to(
    session: Session,
    tracks: Sequence[Track],
    contact_id: UUID,
    result: RecognitionResult,
    likeness: float | None = None,
) -> None:
    """Say of tracks that they are a contact's face, and how that is known."""
    mark(session, tracks, result, contact_id, likeness)
    choose_picture(session, contact_id)


def give_to_new_contact(session: Session, job: VideoJob, tracks: Sequence[Track]) -> UUID:
    """Make a contact for somebody who is seen for the first time; its id.

    The id follows from the video and the lowest of the tracks, so that a second run of the activity
    makes the same one.
    """
    contact_id = uuid5(job.media_id, f"person-{min(track.track_id for track in tracks)}")
    row = {"id": contact_id, "user_id": job.user_id}
    session.execute(insert(Contact).values(**row).on_conflict_do_nothing(index_elements=["id"]))
    give_to(session, tracks, contact_id, RecognitionResult.NEW_FACE)
    return contact_id


def mark(
    session: Session,
    tracks: Sequence[Track],
    result: RecognitionResult | None,
    contact_id: UUID | None = None,
    likeness: float | None = None,
) -> None:
    """Write what was made of tracks; without a result they are nobody's yet."""
    session.execute(
        update(Feature)
        .where(Feature.asset_id.in_([face.face_id for face in faces_of(tracks)]))
        .values(contact_id=contact_id, recognition_result=result, recognition_confidence=likeness)
    )


def choose_picture(session: Session, contact_id: UUID) -> None:
    """Make the best face that the contact has in any video the contact's picture."""
    best = session.scalar(
        select(Asset.key)
        .join(Feature, Feature.asset_id == Asset.id)
        .where(Feature.contact_id == contact_id)
        .order_by(Feature.score.desc(), Asset.key)
        .limit(1)
    )
    session.execute(update(Contact).filter_by(id=contact_id).values(picture_key=best))


def faces_of(tracks: Sequence[Track]) -> list[StoredFace]:
    """Return all that are kept of several tracks."""
    return list(chain.from_iterable(track.faces for track in tracks))


def faces_to_learn(tracks: Sequence[Track]) -> list[StoredFace]:
    """Return those that the person may be known by later."""
    return list(chain.from_iterable(track.faces_to_learn for track in tracks))
