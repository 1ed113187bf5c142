"""Taking a file in, killed before every line in turn."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from harness.jobs import sync
from harness.killing import Victim, victim
from harness.users import add_user
from vib import keys
from vib.activities.upload import upload
from vib.db.models import Asset, Media, MediaStatus, Stage, Upload
from vib.forget import forget_user
from vib.messages import UploadJob
from vib.popeye import ingest as ingesting
from vib.popeye import received, uploads
from vib.popeye.ingest import ingest
from vib.services import Services
from vib.video import probe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AT_ONCE = timedelta(seconds=-1)

WRITES = ("vib/popeye/ingest.py", "vib/storage/folder.py", "vib/db/queries.py")


@pytest.fixture
def context(shared_context: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(ingesting, "probe", probe.probe)  # as `killing` does
    return shared_context


@pytest.fixture
def killed(context: Services) -> Iterator[Victim]:
    assert context.settings.storage_folder is not None
    with victim() as process:
        yield process


def media_of(context: Services, user_id: UUID) -> list[Media]:
    with context.sessions() as session:
        return list(session.scalars(select(Media).filter_by(user_id=user_id)))


def assert_taken_in_once(context: Services, user_id: UUID, video: Path) -> Media:
    """The user has this one video, whole, and its workflow is open."""
    (media,) = media_of(context, user_id)
    assert (media.status, media.failure) == (MediaStatus.PENDING, None)
    with context.sessions() as session:
        (asset,) = session.scalars(select(Asset).filter_by(media_id=media.id))
        assert session.scalars(select(Stage).filter_by(media_id=media.id)).all() == []
    assert list(context.storage.keys(str(media.id))) == [asset.key]
    with context.storage.local(asset.key) as original:
        assert original.read_bytes() == video.read_bytes()
    assert context.swf.execution(str(media.id)).is_open()
    return media


def assert_nothing_lies_about(context: Services) -> None:
    """Every folder in the storage is somebody's."""
    with context.sessions() as session:
        videos = {str(media_id) for media_id in session.scalars(select(Media.id))}
        on_their_way = {str(each) for each in session.scalars(select(Upload.id))}
    assert set(context.storage.folders()) <= videos | {keys.UPLOADS}
    assert set(context.storage.folders(keys.UPLOADS)) <= on_their_way


@pytest.mark.parametrize(
    ("before", "next_try", "step"),
    [("new", "sync", 1), ("new", "hand in again", 6), ("failed", "sync", 4)],
)
def test_a_file_whose_ingest_is_killed_anywhere_is_taken_in_once_by_the_next_try(
    killed: Victim, context: Services, tiny_video: Path, *, before: str, next_try: str, step: int
) -> None:
    line, done = 1 - step, False
    while not done:
        line += step
        user_id = add_user(context)
        if before == "failed":
            fail(context, ingest(context, tiny_video, user_id).media_id, tiny_video)

        done = killed.survives("ingest", line, WRITES, path=tiny_video, user_id=user_id)

        if next_try == "sync":
            sync(context, AT_ONCE)
        if next_try != "sync" or not is_on_its_way(context, user_id):
            ingest(context, tiny_video, user_id)
        assert_taken_in_once(context, user_id, tiny_video)
        forget_user(context, user_id)
    assert line > 40
    assert_nothing_lies_about(context)


def is_on_its_way(context: Services, user_id: UUID) -> bool:
    """Whether the killed one had begun with the user's file."""
    return [media.status for media in media_of(context, user_id)] == [MediaStatus.PENDING]


def fail(context: Services, media_id: UUID, file: Path) -> None:
    """Have a video failed, with what is left of that."""
    context.swf.execution(str(media_id)).terminate("the test says so")
    context.storage.save(keys.made(media_id, "720p.mp4"), file)
    with context.sessions.begin() as session:
        session.get_one(Media, media_id).status = MediaStatus.FAILED
        session.add(Stage(media_id=media_id, stage="Transcode", status="failed"))


def test_a_piece_whose_receiver_is_killed_anywhere_is_there_once_or_not_at_all(
    context: Services, killed: Victim, tiny_video: Path, tmp_path: Path
) -> None:
    size = tiny_video.stat().st_size
    line, done = 1 - 1, False
    while not done:
        line += 1
        user_id = add_user(context)
        upload_id = uploads.create(context, user_id, "tiny.mp4", size)

        done = killed.survives(
            "append",
            line,
            ("vib/popeye/uploads.py", "vib/storage/folder.py"),
            upload_id=upload_id,
            path=tiny_video,
        )

        now = uploads.find(context, upload_id, user_id)
        assert now is not None
        if now.received == 0:
            now = uploads.append(context, upload_id, 0, tiny_video)
        assert (now.received, now.status) == (size, "received")
        received.assemble(context, now, tmp_path / "assembled")
        assert (tmp_path / "assembled").read_bytes() == tiny_video.read_bytes()
        sync(context, AT_ONCE)
        assert context.swf.execution(f"upload-{upload_id}").is_open()
        received.remove_parts(context, upload_id)
        assert list(context.storage.keys(keys.upload(upload_id))) == []
        forget_user(context, user_id)
    assert line > 15
    assert_nothing_lies_about(context)


def test_an_upload_whose_worker_is_killed_anywhere_is_taken_in_once_by_the_next(
    context: Services, killed: Victim, tiny_video: Path
) -> None:
    line, done = 1 - 5, False
    while not done:
        line += 5
        user_id = add_user(context)
        upload_id = uploads.create(context, user_id, "tiny.mp4", tiny_video.stat().st_size)
        uploads.append(context, upload_id, 0, tiny_video)

        done = killed.survives(
            "upload",
            line,
            ("vib/activities/upload.py", "vib/popeye/received.py", "vib/popeye/ingest.py"),
            upload_id=upload_id,
            user_id=user_id,
        )
        outcome = upload(UploadJob(upload_id, user_id))

        assert outcome.status == "started"
        media = assert_taken_in_once(context, user_id, tiny_video)
        assert media.id == outcome.media_id
        assert list(context.storage.keys(keys.upload(upload_id))) == []
        forget_user(context, user_id)
    assert line > 40
    assert_nothing_lies_about(context)
