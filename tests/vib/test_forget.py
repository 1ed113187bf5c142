from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy.orm import Session

from harness.users import add_user
from vib import keys
from vib.db.models import Asset, AssetType, Contact, Feature, Media, Upload, User
from vib.db.queries import save_asset
from vib.forget import forget_contact, forget_media, forget_user
from vib.popeye import uploads
from vib.popeye.ingest import ingest
from vib.services import Services


class Known(NamedTuple):
    """Somebody seen in two videos of a user."""

    user_id: UUID
    contact_id: UUID
    videos: list[UUID]
    faces: list[str]


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


@pytest.fixture
def known(context: Services, tiny_video: Path, tmp_path: Path) -> Known:
    user_id = add_user(context)
    longer = tmp_path / "longer.mp4"
    longer.write_bytes(tiny_video.read_bytes() + b"\0\0\0\x08free")
    videos = [ingest(context, video, user_id).media_id for video in (tiny_video, longer)]
    faces = [keys.face(media_id, 1, 0) for media_id in videos]
    with context.sessions.begin() as session:
        contact = Contact(user_id=user_id, picture_key=faces[0])
        session.add(contact)
        session.flush()
        for media_id, key, score in zip(videos, faces, (0.9, 0.8), strict=True):
            context.storage.save(key, tiny_video)
            add_face(session, media_id=media_id, key=key, contact_id=contact.id, score=score)
        return Known(user_id, contact.id, videos, faces)


def add_face(session: Session, *, media_id: UUID, key: str, contact_id: UUID, score: float) -> None:
    asset_id = save_asset(
        session,
        media_id=media_id,
        asset_type=AssetType.FACE,
        name="1_0",
        key=key,
        mimetype="image/jpeg",
        bytes=1,
        width=1,
        height=1,
    )
    session.add(
        Feature(
            asset_id=asset_id,
            contact_id=contact_id,
            track_id=1,
            track_first_seen=0,
            track_last_seen=1,
            coordinates={},
            detection_confidence=0.9,
            score=score,
            embedding=np.zeros(128, np.float32),
        )
    )


def rows_of(context: Services, user_id: UUID) -> dict[str, int]:
    """How much the tables say of a user."""
    with context.sessions() as session:
        media = session.query(Media.id).filter_by(user_id=user_id)
        assets = session.query(Asset.id).filter(Asset.media_id.in_(media))
        return {
            "users": session.query(User).filter_by(id=user_id).count(),
            "videos": media.count(),
            "faces": session.query(Feature).filter(Feature.asset_id.in_(assets)).count(),
            "contacts": session.query(Contact).filter_by(user_id=user_id).count(),
            "uploads": session.query(Upload).filter_by(user_id=user_id).count(),
        }


def test_a_video_is_removed_with_its_files_and_faces_and_contacts_get_another_picture(
    context: Services, known: Known
) -> None:
    gone, stays = known.videos

    forget_media(context, gone)
    forget_media(context, gone)

    assert list(context.storage.keys(str(gone))) == []
    assert not context.swf.execution(str(gone)).is_open()
    assert context.swf.execution(str(stays)).is_open()
    assert rows_of(context, known.user_id)["videos"] == 1
    with context.sessions() as session:
        contact = session.get_one(Contact, known.contact_id)
    assert contact.picture_key == known.faces[1]


def test_a_contact_is_removed_with_the_pictures_of_their_face_and_the_videos_stay(
    context: Services, known: Known
) -> None:
    forget_contact(context, known.contact_id)
    forget_contact(context, known.contact_id)

    assert rows_of(context, known.user_id) == {
        "users": 1,
        "videos": 2,
        "faces": 0,
        "contacts": 0,
        "uploads": 0,
    }
    assert not any(context.storage.exists(key) for key in known.faces)
    assert all(context.storage.exists(keys.original(video)) for video in known.videos)


def test_a_user_is_removed_with_all_that_is_theirs(
    context: Services, known: Known, tmp_path: Path
) -> None:
    (tmp_path / "piece").write_bytes(b"0123")
    upload_id = uploads.create(context, known.user_id, "party.mp4", 10)
    uploads.append(context, upload_id, 0, tmp_path / "piece")

    forget_user(context, known.user_id)
    forget_user(context, known.user_id)

    assert set(rows_of(context, known.user_id).values()) == {0}
    for folder in (*map(str, known.videos), keys.upload(upload_id)):
        assert list(context.storage.keys(folder)) == []
    assert not any(context.swf.execution(str(video)).is_open() for video in known.videos)


def test_another_user_loses_nothing(context: Services, known: Known, tiny_video: Path) -> None:
    other = add_user(context)
    video = ingest(context, tiny_video, other).media_id

    forget_user(context, known.user_id)

    assert rows_of(context, other)["videos"] == 1
    assert context.storage.exists(keys.original(video))


def test_what_is_not_there_may_be_removed(context: Services) -> None:
    for forget in (forget_media, forget_contact, forget_user):
        forget(context, uuid4())
