from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Asset, Contact, Feature
from vib.faces.judge import GOOD_SCORE
from vib.faces.match import NAMED, Known, Match, group_tracks, match_person
from vib.faces.results import RecognitionResult
from vib.messages import VideoJob


def recognise(session: Session, job: VideoJob) -> int:
    """Match the stored faces of a video against its user's contacts; whoever is new becomes one.

    Returns:
        The number of people in the video.
    """
    known = _known_faces(session, job)
    people = set()
    for group in group_tracks(_tracks(session, job.media_id)):
        match = match_person(group, known)
        contact_id = match.contact_id
        if match.verdict is RecognitionResult.NEW_FACE:
            contact_id = _new_contact(session, job, group)
        if contact_id is not None:
            people.add(contact_id)
        _save_match(session, group, match, contact_id)
    for contact_id in people:
        _choose_picture(session, contact_id)
    return len(people)


@dataclass(frozen=True, eq=False)
class _Track:
    """A track as the database has it."""

    track_id: int
    first_seen: float
    last_seen: float
    score: float
    embedding: NDArray[np.float32]
    faces: Sequence[UUID]


def _tracks(session: Session, media_id: UUID) -> list[_Track]:
    faces = session.scalars(
        select(Feature)
        .join(Asset, Asset.id == Feature.asset_id)
        .where(Asset.media_id == media_id)
        .order_by(Feature.track_id, Asset.name)
    )
    tracks = defaultdict(list)
    for face in faces:
        tracks[face.track_id].append(face)
    return [
        _Track(
            track_id=track_id,
            first_seen=faces[0].track_first_seen,
            last_seen=faces[0].track_last_seen,
            score=max(face.score for face in faces),
            embedding=np.mean([face.embedding for face in faces], axis=0, dtype=np.float32),
            faces=[face.asset_id for face in faces],
        )
        for track_id, faces in tracks.items()
    ]


def _known_faces(session: Session, job: VideoJob) -> list[Known[UUID]]:
    """The user's contacts by their good faces.

    The faces of this video are left out: a second run has to find what the first
    one found.
    """
    rows = session.execute(
        select(Feature.contact_id, Feature.embedding)
        .join(Contact, Contact.id == Feature.contact_id)
        .join(Asset, Asset.id == Feature.asset_id)
        .where(
            Contact.user_id == job.user_id,
            Asset.media_id != job.media_id,
            Feature.score >= GOOD_SCORE,
        )
        .order_by(Feature.contact_id)
    )
    faces: dict[UUID, list[NDArray[np.float32]]] = defaultdict(list)
    for contact_id, embedding in rows:
        faces[contact_id].append(embedding)
    return [Known(contact_id, np.stack(embeddings)) for contact_id, embeddings in faces.items()]


def _new_contact(session: Session, job: VideoJob, group: Iterable[_Track]) -> UUID:
    """Make a contact for somebody who is seen for the first time.

    Its id follows from the video and the lowest of the tracks, so that a second run of the
    activity makes the same one.
    """
    contact_id = uuid5(job.media_id, f"person-{min(track.track_id for track in group)}")
    row = {"id": contact_id, "user_id": job.user_id}
    session.execute(insert(Contact).values(**row).on_conflict_do_nothing(index_elements=["id"]))
    return contact_id


def _save_match(
    session: Session, group: Iterable[_Track], match: Match[UUID], contact_id: UUID | None
) -> None:
    session.execute(
        update(Feature)
        .where(Feature.asset_id.in_([face for track in group for face in track.faces]))
        .values(
            contact_id=contact_id,
            recognition_result=match.verdict,
            recognition_confidence=_confidence(match),
        )
    )


def _confidence(match: Match[UUID]) -> float | None:
    """How sure a recognition is: 1 for the same picture, 0.5 where naming somebody ends."""
    if match.contact_id is None or match.distance is None:
        return None
    return 1 - match.distance / (2 * NAMED)


def _choose_picture(session: Session, contact_id: UUID) -> None:
    """Make the best face that the contact has in any video the contact's picture."""
    best = session.scalar(
        select(Asset.key)
        .join(Feature, Feature.asset_id == Asset.id)
        .where(Feature.contact_id == contact_id)
        .order_by(Feature.score.desc(), Asset.key)
        .limit(1)
    )
    session.execute(update(Contact).filter_by(id=contact_id).values(picture_key=best))
