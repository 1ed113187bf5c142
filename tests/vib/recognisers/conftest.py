from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vib.db.models import AssetType, Base, Contact, Feature, Media, User
from vib.db.queries import save_asset
from vib.faces.align import cut_chip
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.judge import judge
from vib.faces.shots import FaceShot, shot_of
from vib.recognisers.recogniser import StoredFace
from vib.storage.folder import FolderStorage

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Faces:
    """Shots of the faces of photographs."""

    detector: Detector
    embedder: Embedder

    def largest(self, picture: Picture) -> tuple[FaceShot, NDArray[np.float32]]:
        face = max(self.detector.detect(picture), key=lambda face: face.box[2])
        chip = cut_chip(picture, face.landmarks)
        return shot_of(face, judge(face, chip), picture), self.embedder.embed(chip[None])[0]


@dataclass(frozen=True)
class Album:
    """A user's contacts and videos, with stored faces."""

    session: Session
    storage: FolderStorage
    scratch: Path
    faces: Faces
    user_id: UUID

    def contact(self) -> UUID:
        return added(self.session, Contact(user_id=self.user_id)).id

    def video(self) -> UUID:
        media = Media(sha256=uuid4().hex, filename="a.mp4", title="a", duration=1.0)
        media.user_id = self.user_id
        return added(self.session, media).id

    def face(
        self,
        picture: Picture,
        contact_id: UUID | None = None,
        *,
        media_id: UUID | None = None,
        yaw: float = 0.0,
    ) -> StoredFace:
        """Store the largest face of a picture as one of a video's, by default a new one's."""
        shot, embedding = self.faces.largest(picture)
        key = f"{uuid4()}/face.jpg"
        (self.scratch / "face.jpg").write_bytes(shot.picture)
        self.storage.save(key, self.scratch / "face.jpg")
        asset_id = save_asset(
            self.session,
            media_id=media_id or self.video(),
            asset_type=AssetType.FACE,
            name=key,
            key=key,
            mimetype="image/jpeg",
            bytes=len(shot.picture),
            width=shot.size[0],
            height=shot.size[1],
        )
        feature = Feature(
            asset_id=asset_id,
            contact_id=contact_id,
            track_id=1,
            track_first_seen=0.0,
            track_last_seen=1.0,
            coordinates={"yaw": yaw, "pitch": 0.0},
            detection_confidence=shot.confidence,
            score=shot.score,
            embedding=embedding,
        )
        added(self.session, feature)
        return StoredFace(asset_id, key, embedding)


T = TypeVar("T", bound=Base)


def added(session: Session, row: T) -> T:
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with Session(database) as session:
        yield session


@pytest.fixture(scope="session")
def faces(detector: Detector, embedder: Embedder) -> Faces:
    return Faces(detector, embedder)


@pytest.fixture
def album(session: Session, faces: Faces, tmp_path: Path) -> Album:
    user = added(session, User(email="ann@example.org"))
    return Album(session, FolderStorage(tmp_path / "storage"), tmp_path, faces, user.id)
