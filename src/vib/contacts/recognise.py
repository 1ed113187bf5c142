from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib.db.models import Asset, Contact, Feature
from vib.faces.group import group_tracks
from vib.faces.judge import MOST_TURNED
from vib.faces.results import RecognitionResult
from vib.messages import VideoJob
from vib.recognisers.recogniser import NAMED, Candidate, Recogniser, StoredFace

_MACHINES = (RecognitionResult.MACHINE_RECOGNIZED, RecognitionResult.NEW_FACE)


@dataclass(frozen=True)
class Recognised:
    """What came of a video's faces.

    Attributes:
        people: how many there are.
        to_learn: the faces that their contacts can be known by from now on.
    """

    people: int
    to_learn: Sequence[StoredFace]


def recognise(session: Session, job: VideoJob, recogniser: Recogniser) -> Recognised:
    """Match the stored faces of a video against its user's contacts; whoever is new becomes one.

    Faces with a flaw, and those that people were asked about, stay as they are. The recogniser is
    to learn the faces when the session is committed, and not before.
    """
    people = set()
    to_learn: list[StoredFace] = []
    for group in group_tracks(_tracks(session, job.media_id)):
        faces = [face for track in group for face in track.faces]
        candidates = recogniser.candidates(session, job.user_id, faces, media_id=job.media_id)
        contact_id = _save_verdict(session, job, group, candidates)
        people.add(contact_id)
        to_learn += [face for track in group for face in track.faces_to_learn]
    for contact_id in people:
        choose_picture(session, contact_id)
    return Recognised(len(people), to_learn)


@dataclass(frozen=True, eq=False)
class _Track:
    """A track as the database has it."""

    track_id: int
    first_seen: float
    last_seen: float
    embedding: NDArray[np.float32]
    faces: Sequence[StoredFace]
    faces_to_learn: Sequence[StoredFace]


def _tracks(session: Session, media_id: UUID) -> list[_Track]:
    rows = session.execute(
        select(Feature, Asset.key)
        .join(Asset, Asset.id == Feature.asset_id)
        .where(
            Asset.media_id == media_id,
            Feature.embedding.is_not(None),
            or_(Feature.recognition_result.is_(None), Feature.recognition_result.in_(_MACHINES)),
        )
        .order_by(Feature.track_id, Asset.name)
    )
    tracks = defaultdict(list)
    for feature, key in rows:
        tracks[feature.track_id].append(
            (feature, StoredFace(feature.asset_id, key, feature.embedding))
        )
    return [_track(faces) for faces in tracks.values()]


def _track(faces: list[tuple[Feature, StoredFace]]) -> _Track:
    feature, _ = faces[0]
    return _Track(
        track_id=feature.track_id,
        first_seen=feature.track_first_seen,
        last_seen=feature.track_last_seen,
        embedding=np.mean([face.embedding for _, face in faces], axis=0, dtype=np.float32),
        faces=[face for _, face in faces],
        faces_to_learn=[
            face
            for feature, face in faces
            if all(abs(feature.coordinates[angle]) <= MOST_TURNED for angle in ("yaw", "pitch"))
        ],
    )


def _save_verdict(
    session: Session, job: VideoJob, group: Sequence[_Track], candidates: Sequence[Candidate]
) -> UUID:
    """Give a person's faces the likeliest contact, or a new one if nobody is likely enough."""
    if candidates and candidates[0].likeness >= NAMED:
        contact_id, likeness = candidates[0].contact_id, candidates[0].likeness
        result = RecognitionResult.MACHINE_RECOGNIZED
    else:
        contact_id, likeness = _new_contact(session, job, group), None
        result = RecognitionResult.NEW_FACE
    faces = [face.face_id for track in group for face in track.faces]
    session.execute(
        update(Feature)
        .where(Feature.asset_id.in_(faces))
        .values(
            contact_id=contact_id,
            recognition_result=result,
            recognition_confidence=likeness,
        )
    )
    return contact_id


def _new_contact(session: Session, job: VideoJob, group: Iterable[_Track]) -> UUID:
    """Make a contact for somebody who is seen for the first time.

    Its id follows from the video and the lowest of the tracks, so that a second run of the
    activity makes the same one.
    """
    contact_id = uuid5(job.media_id, f"person-{min(track.track_id for track in group)}")
    row = {"id": contact_id, "user_id": job.user_id}
    session.execute(insert(Contact).values(**row).on_conflict_do_nothing(index_elements=["id"]))
    return contact_id


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
