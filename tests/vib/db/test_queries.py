from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vib.db.models import Asset, AssetType, Contact, Feature, Media, User
from vib.db.people import people_in
from vib.db.queries import save_asset
from vib.faces.results import RecognitionResult


@pytest.fixture
def media(database: Engine) -> Media:
    """A video of a user, without anything made of it yet."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        user = User(email="a@example.org")
        session.add(user)
        session.flush()
        media = Media(
            user_id=user.id, sha256="0" * 64, filename="party.mov", title="party", duration=9.0
        )
        session.add(media)
    return media


def save_face(session: Session, media: Media, name: str, timecode: float, **values: object) -> UUID:
    asset_id = save_asset(
        session,
        media_id=media.id,
        asset_type=AssetType.FACE,
        name=name,
        key=f"face_{name}.jpg",
        mimetype="image/jpeg",
        bytes=1,
        width=1,
        height=1,
        timecode=timecode,
    )
    row = {
        "track_first_seen": timecode,
        "track_last_seen": timecode,
        "coordinates": {},
        "detection_confidence": 0.9,
        "embedding": [0.0] * 128,
        "recognition_result": RecognitionResult.NEW_FACE,
    }
    session.add(Feature(asset_id=asset_id, **(row | values)))
    return asset_id


def test_saving_an_asset_again_updates_its_one_row(database: Engine, media: Media) -> None:
    row = {
        "media_id": media.id,
        "asset_type": AssetType.MAIN,
        "name": "720p",
        "key": "k",
        "mimetype": "video/mp4",
        "width": 1280,
        "height": 720,
    }
    with Session(database) as session, session.begin():
        first = save_asset(session, **row, bytes=1)

        second = save_asset(session, **row, bytes=5_000_000_000)

        assert first == second
        assert session.scalars(select(Asset.bytes)).all() == [5_000_000_000]


def test_a_user_holds_a_content_only_once(database: Engine, media: Media) -> None:
    with Session(database) as session:
        session.add(
            Media(
                user_id=media.user_id,
                sha256=media.sha256,
                filename="copy.mov",
                title="copy",
                duration=9.0,
            )
        )

        with pytest.raises(IntegrityError, match="uq_media_user_id_sha256"):
            session.flush()


def test_a_status_that_does_not_exist_is_refused(database: Engine, media: Media) -> None:
    with Session(database) as session:
        session.add(media)
        media.status = "nearly"

        with pytest.raises(IntegrityError, match="ck_media_status"):
            session.flush()


def test_people_are_listed_as_first_seen_with_their_best_face(
    database: Engine, media: Media
) -> None:
    with Session(database) as session, session.begin():
        late, early = Contact(user_id=media.user_id), Contact(user_id=media.user_id, name="Ann")
        session.add_all([late, early])
        session.flush()
        save_face(session, media, "1_0", track_id=1, score=0.5, timecode=3.0, contact_id=late.id)
        save_face(session, media, "2_0", track_id=2, score=0.6, timecode=1.0, contact_id=early.id)
        save_face(session, media, "3_0", track_id=3, score=0.9, timecode=8.0, contact_id=early.id)
        save_face(session, media, "4_0", track_id=4, score=0.1, timecode=0.0, contact_id=None)

    with Session(database) as session:
        ann, new = people_in(session, media.id)

    assert (ann.name, ann.tracks, ann.first_seen, ann.best_key) == ("Ann", 2, 1.0, "face_3_0.jpg")
    assert (new.name, new.tracks, new.first_seen, new.best_score) == (None, 1, 3.0, 0.5)
