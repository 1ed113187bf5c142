from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

import numpy as np
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from vib.db import migrate
from vib.db.models import (
    Asset,
    AssetType,
    Base,
    Contact,
    Feature,
    JobRun,
    Link,
    Media,
    MTurkWorker,
    Question,
    Upload,
    UploadPart,
    User,
)

T = TypeVar("T", bound=Base)


def test_the_migrations_make_the_tables_that_the_models_describe(database: Engine) -> None:
    with database.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_upgrading_twice_changes_nothing_and_keeps_the_data(database: Engine) -> None:
    with Session(database) as session, session.begin():
        session.add(User(email="a@example.org"))

    migrate.upgrade(database)

    with Session(database) as session:
        assert session.query(User).count() == 1


def test_stills_go_with_the_migration_that_brought_them(database: Engine) -> None:
    with Session(database) as session, session.begin():
        media = Media(sha256="0", filename="a.mp4", title="a", duration=1.0)
        media.user_id = added(session, User(email="a@example.org")).id
        added(session, media)
        for kind in (AssetType.FACE, AssetType.IMAGE, AssetType.POSTER_ANIMATED):
            still = picture(media, 1)
            still.asset_type = kind
            session.add(still)

    migrate.downgrade(database, "0002")
    migrate.upgrade(database)

    with Session(database) as session:
        assert session.scalars(select(Asset.asset_type)).all() == ["face"]


def test_videos_stay_when_uploads_go_and_come_with_their_migration(database: Engine) -> None:
    with Session(database) as session, session.begin():
        user = added(session, User(email="a@example.org"))
        album = uuid4()
        media = Media(sha256="0", filename="a.mp4", title="a", duration=1.0, album_id=album)
        media.user_id = user.id
        added(session, media)
        upload = Upload(user_id=user.id, media_id=media.id, filename="a.mp4", length=10)
        upload.expires_at = datetime.now(UTC)
        part = UploadPart(upload_id=added(session, upload).id, start=0, bytes=5, key="a/b")
        session.add(part)

    migrate.downgrade(database, "0003")
    assert "uploads" not in inspect(database).get_table_names()
    migrate.upgrade(database)

    with Session(database) as session:
        assert session.scalars(select(Media.filename)).all() == ["a.mp4"]
        assert session.query(Upload).count() == 0


def test_videos_and_contacts_stay_when_friends_pictures_go(database: Engine) -> None:
    with Session(database) as session, session.begin():
        user = added(session, User(email="a@example.org"))
        video = Media(user_id=user.id, sha256="0", filename="a.mp4", title="a", duration=1.0)
        friend = Media(
            user_id=user.id, media_type="fb_face", filename="A-1.jpg", title="A", duration=0
        )
        for media, kind in ((video, AssetType.FACE), (friend, AssetType.FB_FACE)):
            shown = picture(added(session, media), 1)
            shown.asset_type = kind
            added(session, shown)
            known = Contact(user_id=user.id, name=kind, picture_key=shown.key, picture_uri="/a")
            session.add(known)
        session.add(Link(user_id=user.id, provider="facebook", provider_id="1"))

    migrate.downgrade(database, "0004")
    assert "links" not in inspect(database).get_table_names()
    migrate.upgrade(database)

    with Session(database) as session:
        (kept,) = session.scalars(select(Media)).all()
        assert (kept.filename, kept.media_type) == ("a.mp4", "original")
        assert session.scalars(select(Asset.asset_type)).all() == ["face"]
        keys = dict(session.execute(select(Contact.name, Contact.picture_key)).all())
    assert keys == {"face": f"{kept.id}/1", "fb_face": None}


def test_questions_go_and_come_with_their_migration_and_faces_stay(database: Engine) -> None:
    with Session(database) as session, session.begin():
        media = Media(sha256="0", filename="a.mp4", title="a", duration=1.0)
        media.user_id = added(session, User(email="a@example.org")).id
        added(session, media)
        added(session, face(added(session, picture(media, 1)), 1, [0.5] * 128))
        now = datetime.now(UTC)
        question = Question(media_id=media.id, kind="merge", track_id=1, items=[], wanted=2)
        question.closes_at = now
        session.add_all([question, MTurkWorker(worker_id="A1", answered_at=now)])

    migrate.downgrade(database, "0005")
    assert not {"questions", "mturk_workers"} & set(inspect(database).get_table_names())
    migrate.upgrade(database)

    with Session(database) as session:
        assert session.query(Feature).count() == 1
        assert session.query(Question).count() == session.query(MTurkWorker).count() == 0


def test_going_down_removes_every_table_and_up_makes_them_again(database: Engine) -> None:
    migrate.downgrade(database, "base")

    assert inspect(database).get_table_names() == ["alembic_version"]

    migrate.upgrade(database)

    assert set(Base.metadata.tables) <= set(inspect(database).get_table_names())


def test_going_down_and_up_again_keeps_faces_with_and_without_embeddings(database: Engine) -> None:
    with Session(database) as session, session.begin():
        media = Media(sha256="0", filename="a.mp4", title="a", duration=1.0)
        media.user_id = added(session, User(email="a@example.org")).id
        added(session, media)
        for track, embedding in ((1, [0.5] * 128), (2, None)):
            added(session, face(added(session, picture(media, track)), track, embedding))

    migrate.downgrade(database, "0001")
    migrate.upgrade(database)

    with Session(database) as session:
        known, unknown = session.scalars(select(Feature).order_by(Feature.track_id))
    assert list(known.embedding) == [0.5] * 128
    # Of no use to anybody, which is all that the older tables can say of it.
    assert np.linalg.norm(np.subtract(unknown.embedding, known.embedding)) > 10


def added(session: Session, row: T) -> T:
    session.add(row)
    session.flush()
    return row


def picture(media: Media, track: int) -> Asset:
    return Asset(
        media_id=media.id,
        asset_type=AssetType.FACE,
        name=f"{track}_0",
        key=f"{media.id}/{track}",
        mimetype="image/jpeg",
        bytes=1,
        width=1,
        height=1,
    )


def face(asset: Asset, track: int, embedding: list[float] | None) -> Feature:
    return Feature(
        asset_id=asset.id,
        track_id=track,
        track_first_seen=0.0,
        track_last_seen=1.0,
        coordinates={},
        detection_confidence=0.9,
        score=0.5,
        embedding=embedding,
    )


def test_when_jobs_ran_goes_with_its_migration_and_all_else_stays(database: Engine) -> None:
    with Session(database) as session, session.begin():
        session.add(User(email="a@example.org"))
        now = datetime.now(UTC)
        session.add(JobRun(name="sync", finished_at=now, seconds=1.0, done={}, failed=0))

    migrate.downgrade(database, "0006")
    assert "job_runs" not in inspect(database).get_table_names()
    migrate.upgrade(database)

    with Session(database) as session:
        assert (session.query(User).count(), session.query(JobRun).count()) == (1, 0)
