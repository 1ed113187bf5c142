from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from vib.db.models import Asset, Feature
from vib.faces.results import GOOD_SCORE, MOST_TURNED, RecognitionResult
from vib.recognisers.recogniser import StoredFace

BY_MACHINE = (RecognitionResult.MACHINE_RECOGNIZED, RecognitionResult.NEW_FACE)
SOMEBODY = (*BY_MACHINE, RecognitionResult.HUMAN_RECOGNIZED)


@dataclass(frozen=True, eq=False)
class Track:
    """A track that somebody can be known by, as the database has it.

    Attributes:
        track_id: its number in the video.
        first_seen: seconds from the start of the video.
        last_seen: seconds from the start of the video.
        embedding: what the face looks like, (128,).
        score: how good its best picture is.
        picture: its best picture's key in the storage.
        contact_id: whose face it is, if that is settled.
        result: what was made of it, if anything was.
        faces: all that are kept of it.
        faces_to_learn: those that somebody may be known by later: good ones that look ahead.
    """

    track_id: int
    first_seen: float
    last_seen: float
    embedding: NDArray[np.float32]
    score: float
    picture: str
    contact_id: UUID | None
    result: str | None
    faces: Sequence[StoredFace]
    faces_to_learn: Sequence[StoredFace]

    @property
    def is_open(self) -> bool:
        """Whether nobody has said yet whose face it is."""
        return self.result is None


def tracks_of(
    session: Session,
    media_id: UUID,
    settled: Collection[RecognitionResult],
    *those: ColumnElement[bool],
) -> list[Track]:
    """Read a video's tracks: those that nothing is said of yet, and those `settled` in this way.

    Only faces count of which `those` conditions hold.
    """
    rows = session.execute(
        select(Feature, Asset.key)
        .join(Asset, Asset.id == Feature.asset_id)
        .where(
            Asset.media_id == media_id,
            Feature.embedding.is_not(None),
            or_(Feature.recognition_result.is_(None), Feature.recognition_result.in_(settled)),
            *those,
        )
        .order_by(Feature.track_id, Asset.name)
    )
    tracks = defaultdict(list)
    for feature, key in rows:
        tracks[feature.track_id].append((feature, key))
    return [_track(faces) for faces in tracks.values()]


def _track(rows: list[tuple[Feature, str]]) -> Track:
    faces = [StoredFace(feature.asset_id, key, feature.embedding) for feature, key in rows]
    best, picture = max(rows, key=lambda row: row[0].score)
    return Track(
        track_id=best.track_id,
        first_seen=best.track_first_seen,
        last_seen=best.track_last_seen,
        embedding=np.mean([face.embedding for face in faces], axis=0, dtype=np.float32),
        score=best.score,
        picture=picture,
        contact_id=best.contact_id,
        result=best.recognition_result,
        faces=faces,
        faces_to_learn=[
            face
            for face, (feature, _) in zip(faces, rows, strict=True)
            if feature.score >= GOOD_SCORE
            and all(abs(feature.coordinates[angle]) <= MOST_TURNED for angle in ("yaw", "pitch"))
        ],
    )
