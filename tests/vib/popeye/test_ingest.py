import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from harness.users import add_user
from vib import keys
from vib.db.models import Asset, AssetType, Media, MediaStatus, Stage
from vib.db.queries import save_asset
from vib.errors import BadVideo, VibError
from vib.popeye.ingest import Ingested, Receipt, Wishes, ingest
from vib.services import Services


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


def finish(context: Services, media_id: UUID, status: MediaStatus) -> None:
    """Close the video's workflow from outside and set its status."""
    context.swf.execution(str(media_id)).terminate("the test says so")
    with context.sessions.begin() as session:
        session.get_one(Media, media_id).status = status


def count(context: Services, model: type[Media] | type[Asset]) -> int | None:
    with context.sessions() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_new_file_is_stored_and_its_workflow_started(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    ingested = ingest(context, tiny_video, user_id)

    assert ingested.receipt is Receipt.STARTED
    with context.storage.local(keys.original(ingested.media_id)) as stored:
        assert stored.read_bytes() == tiny_video.read_bytes()
    with context.sessions() as session:
        media = session.get_one(Media, ingested.media_id)
        original = session.scalars(select(Asset).filter_by(media_id=media.id)).one()
    assert (media.filename, media.status) == (tiny_video.name, MediaStatus.PENDING)
    assert (original.asset_type, original.mimetype) == (AssetType.ORIGINAL, "video/mp4")
    assert context.swf.execution(str(media.id)).is_open()


def test_the_same_content_is_taken_once_whatever_it_is_called(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    first = ingest(context, tiny_video, user_id)
    copy = shutil.copy(tiny_video, tmp_path / "copy.mov")

    second = ingest(context, copy, user_id)

    assert (second.media_id, second.receipt) == (first.media_id, Receipt.IN_PROGRESS)
    assert count(context, Media) == 1


def test_another_user_may_have_the_same_file(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    first = ingest(context, tiny_video, user_id)

    second = ingest(context, tiny_video, add_user(context))

    assert second.receipt is Receipt.STARTED
    assert second.media_id != first.media_id


@pytest.mark.parametrize("status", [MediaStatus.VISIBLE, MediaStatus.COMPLETE])
def test_a_file_that_can_be_watched_is_not_processed_twice(
    context: Services, user_id: UUID, tiny_video: Path, status: MediaStatus
) -> None:
    first = ingest(context, tiny_video, user_id)
    finish(context, first.media_id, status)

    second = ingest(context, tiny_video, user_id)

    assert (second.media_id, second.receipt) == (first.media_id, Receipt.ALREADY_THERE)
    assert not context.swf.execution(str(first.media_id)).is_open()


def test_it_is_processed_again_if_asked_for(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    first = ingest(context, tiny_video, user_id)
    finish(context, first.media_id, MediaStatus.COMPLETE)

    second = ingest(context, tiny_video, user_id, again=True)

    assert (second.media_id, second.receipt) == (first.media_id, Receipt.STARTED)
    assert context.swf.execution(str(first.media_id)).is_open()


def test_a_file_that_failed_starts_over(context: Services, user_id: UUID, tiny_video: Path) -> None:
    first = ingest(context, tiny_video, user_id)
    left = keys.made(first.media_id, "720p.mp4")
    context.storage.save(left, tiny_video)
    with context.sessions.begin() as session:
        session.add(Stage(media_id=first.media_id, stage="Transcode", status="failed"))
        save_asset(
            session,
            media_id=first.media_id,
            asset_type=AssetType.MAIN,
            name="720p",
            key=left,
            mimetype="video/mp4",
            bytes=1,
            width=1,
            height=1,
        )
    finish(context, first.media_id, MediaStatus.FAILED)

    second = ingest(context, tiny_video, user_id, Wishes(skip_faces=True))

    assert (second.media_id, second.receipt) == (first.media_id, Receipt.STARTED)
    assert list(context.storage.keys(str(first.media_id))) == [keys.original(first.media_id)]
    with context.sessions() as session:
        media = session.get_one(Media, first.media_id)
        assert (media.status, media.skip_faces) == (MediaStatus.PENDING, True)
        assert session.scalars(select(Asset.asset_type)).all() == [AssetType.ORIGINAL]
        assert session.scalars(select(Stage)).all() == []


def test_a_file_that_failed_starts_over_before_the_web_application_has_heard_of_it(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    media_id = ingest(context, tiny_video, user_id).media_id
    failing = context.swf.execution(str(media_id))
    with context.sessions.begin() as session:
        session.get_one(Media, media_id).status = MediaStatus.FAILED

    again = ingest(context, tiny_video, user_id)

    assert again == Ingested(media_id, Receipt.STARTED)
    assert not failing.is_open()
    assert context.swf.execution(str(media_id)).is_open()


def test_a_new_video_has_the_id_and_the_album_that_are_wished_for(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    media_id, album_id = uuid4(), uuid4()

    ingested = ingest(context, tiny_video, user_id, Wishes(media_id=media_id, album_id=album_id))

    assert ingested.media_id == media_id
    with context.sessions() as session:
        assert session.get_one(Media, media_id).album_id == album_id


def test_a_video_that_is_there_keeps_its_id_whatever_is_wished_for(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    first = ingest(context, tiny_video, user_id)

    second = ingest(context, tiny_video, user_id, Wishes(media_id=uuid4()))

    assert second.media_id == first.media_id


def test_an_id_of_another_video_is_refused(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    first = ingest(context, tiny_video, user_id)
    other = add_user(context)

    with pytest.raises(VibError, match="belongs to another video"):
        ingest(context, tiny_video, other, Wishes(media_id=first.media_id))

    assert count(context, Media) == 1


def test_of_two_that_hand_in_the_same_file_at_once_one_wins(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(lambda _: ingest(context, tiny_video, user_id), range(2))

    assert one.media_id == other.media_id
    assert {one.receipt, other.receipt} == {Receipt.STARTED, Receipt.IN_PROGRESS}


def test_a_file_that_is_no_video_leaves_nothing(
    context: Services, user_id: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video at all")

    with pytest.raises(BadVideo, match=r"notes\.mp4 is not a video"):
        ingest(context, path, user_id)

    assert count(context, Media) == 0
