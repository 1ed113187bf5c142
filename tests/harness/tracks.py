"""Faces in the database that look as a test wants them to, without a film."""

from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from vib import keys
from vib.db.models import Asset, AssetType, Contact, Feature, Media, MediaStatus
from vib.db.queries import save_asset, upsert
from vib.faces.results import RecognitionResult
from vib.messages import VideoJob
from vib.services import Services


def looks(value: float, other: float = 0.0) -> NDArray[np.float32]:
    """An embedding; two lie as far apart as their numbers."""
    return np.array([value, other] + [0.0] * 126, np.float32)


def add_video(
    context: Services, user_id: UUID, status: MediaStatus = MediaStatus.VISIBLE
) -> VideoJob:
    """A video that can be watched, with nobody in it yet."""
    with context.sessions.begin() as session:
        media = Media(user_id=user_id, sha256=uuid4().hex, filename="a.mp4", title="a", duration=60)
        media.status = status
        session.add(media)
        session.flush()
        return VideoJob(media.id, user_id)


def add_track(
    context: Services,
    job: VideoJob,
    track_id: int,
    embedding: NDArray[np.float32],
    *,
    yaw: float = 0.0,
    contact_id: UUID | None = None,
) -> UUID:
    """A track of one face, seen after all that have lower numbers; the face's id."""
    key = keys.face(job.media_id, track_id, 0)
    path = context.scratch_folder / f"{uuid4()}.jpg"
    Image.new("RGB", (96, 96), "white").save(path)
    context.storage.save(key, path)
    path.unlink()
    with context.sessions.begin() as session:
        asset_id = save_asset(
            session,
            media_id=job.media_id,
            asset_type=AssetType.FACE,
            name=f"{track_id}_0",
            key=key,
            mimetype="image/jpeg",
            bytes=1,
            width=96,
            height=96,
        )
        face = {
            "asset_id": asset_id,
            "contact_id": contact_id,
            "track_id": track_id,
            "track_first_seen": 10.0 * track_id,
            "track_last_seen": 10.0 * track_id + 5,
            "coordinates": {"yaw": yaw, "pitch": 0.0},
            "detection_confidence": 0.9,
            "score": 0.9,
            "embedding": embedding,
            "recognition_result": RecognitionResult.NEW_FACE if contact_id else None,
        }
        upsert(session, Feature, ("asset_id",), face)
    return asset_id


def add_contact(context: Services, user_id: UUID, embedding: NDArray[np.float32]) -> UUID:
    """Somebody whom the user knows from an earlier video."""
    with context.sessions.begin() as session:
        contact = Contact(user_id=user_id, name="Ann <&> Bob")
        session.add(contact)
        session.flush()
        contact_id = contact.id
    job = add_video(context, user_id, MediaStatus.COMPLETE)
    add_track(context, job, 1, embedding, contact_id=contact_id)
    with context.sessions.begin() as session:
        session.get_one(Contact, contact_id).picture_key = keys.face(job.media_id, 1, 0)
    return contact_id


def results(context: Services, job: VideoJob) -> dict[int, tuple[str | None, UUID | None]]:
    """What is known of each track of a video: the result, and whose it is."""
    with context.sessions() as session:
        rows = session.execute(
            select(Feature.track_id, Feature.recognition_result, Feature.contact_id)
            .join(Asset)
            .where(Asset.media_id == job.media_id)
        )
        return {row.track_id: (row.recognition_result, row.contact_id) for row in rows}
