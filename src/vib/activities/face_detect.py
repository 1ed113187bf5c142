from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from swflow import Retry, activity
from vib import __version__, keys
from vib.activities.stage import stage
from vib.db.faces import save_face
from vib.db.models import Asset, AssetType
from vib.errors import VibError
from vib.messages import VideoJob
from vib.services import Services, services

if TYPE_CHECKING:
    from vib.faces.shots import FaceShot, FaceTrack


@activity(
    "FaceDetect",
    version=__version__,
    task_list="faces",
    start_to_close=timedelta(hours=10),
    schedule_to_close=timedelta(hours=15),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=2, timeouts=(2, 4), backoff=timedelta(seconds=30)),
)
def face_detect(job: VideoJob) -> None:
    """Find the faces of a video, follow each through it, and store the best of every track."""
    from vib.faces.find import find_faces

    context = services()
    with stage(context.sessions, job.media_id, "FaceDetect") as progress:
        if not context.storage.exists(keys.samples(job.media_id)):
            raise VibError("Its sampled frames are gone, as they are once a video is complete.")
        with context.storage.local(keys.samples(job.media_id)) as samples:
            tracks = find_faces(samples, progress=progress, flaw=context.recogniser.flaw)
        faces = [
            _Face(track, number, shot)
            for track in tracks
            for number, shot in enumerate(track.shots)
        ]
        for face in faces:
            _store_picture(context, job.media_id, face)
        with context.sessions.begin() as session:
            for face in faces:
                _save_face(session, job.media_id, face)
            # A run that was repeated may have found fewer faces than the one before it. What else
            # there is of them goes before the rows, which the next run finds again after a crash.
            stale = session.execute(
                delete(Asset)
                .where(
                    Asset.media_id == job.media_id,
                    Asset.asset_type == AssetType.FACE,
                    Asset.name.not_in([face.name for face in faces]),
                )
                .returning(Asset.id, Asset.key)
            ).all()
            context.recogniser.forget(job.user_id, [row.id for row in stale])
            for row in stale:
                context.storage.delete(row.key)


@dataclass(frozen=True)
class _Face:
    track: "FaceTrack"
    number: int
    shot: "FaceShot"

    @property
    def name(self) -> str:
        return f"{self.track.track_id}_{self.number}"

    def key(self, media_id: UUID) -> str:
        return keys.face(media_id, self.track.track_id, self.number)


def _store_picture(context: Services, media_id: UUID, face: _Face) -> None:
    with TemporaryDirectory(dir=context.scratch_folder) as folder:
        path = Path(folder) / "face.jpg"
        path.write_bytes(face.shot.picture)
        context.storage.save(face.key(media_id), path)


def _save_face(session: Session, media_id: UUID, face: _Face) -> None:
    asset = {
        "media_id": media_id,
        "asset_type": AssetType.FACE,
        "name": face.name,
        "key": face.key(media_id),
        "timecode": face.shot.timecode,
    }
    feature = {
        "track_id": face.track.track_id,
        "track_first_seen": face.track.first_seen,
        "track_last_seen": face.track.last_seen,
        # Found anew, so recognised anew.
        "contact_id": None,
        "recognition_result": face.track.flaw,
        "recognition_confidence": None,
    }
    save_face(session, face.shot, asset, feature)
