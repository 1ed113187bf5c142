from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

import swflow
from harness.jobs import sync
from harness.users import add_user
from vib import keys
from vib.activities.fail_media import fail_media
from vib.db.models import Media, MediaStatus, Upload, UploadStatus
from vib.jobs import fail_orphan_workflows
from vib.jobs.sync import find
from vib.messages import VideoJob
from vib.popeye import received, uploads
from vib.popeye.ingest import ingest
from vib.services import Services

NOW = timedelta(0)


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


@contextmanager
def crash_in(name: str) -> Iterator[None]:
    """Has a function raise what ends a program, and expects it."""

    def end(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(name, end)
        yield
        pytest.fail(f"{name} was not called")


def upload_of(context: Services, upload_id: UUID) -> Upload | None:
    with context.sessions() as session:
        return session.get(Upload, upload_id)


def new_upload(context: Services, user_id: UUID, video: Path, tmp_path: Path) -> UUID:
    """An upload of which all but the last byte is there."""
    content = video.read_bytes()
    upload_id = uploads.create(context, user_id, "tiny.mp4", len(content))
    piece = tmp_path / "piece"
    piece.write_bytes(content[:-1])
    uploads.append(context, upload_id, 0, piece)
    piece.write_bytes(content[-1:])
    return upload_id


def expire(context: Services) -> None:
    with context.sessions.begin() as session:
        session.execute(update(Upload).values(expires_at=datetime.now(UTC)))


def test_where_nothing_is_wrong_nothing_is_done(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    ingested = ingest(context, tiny_video, user_id)
    upload_id = new_upload(context, user_id, tiny_video, tmp_path)

    assert sync(context, NOW) == {}

    assert context.storage.exists(keys.original(ingested.media_id))
    assert len(list(context.storage.keys(keys.upload(upload_id)))) == 1


def test_uploads_that_nobody_goes_on_with_are_forgotten(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    upload_id = new_upload(context, user_id, tiny_video, tmp_path)
    expire(context)

    assert sync(context, NOW) == {"uploads forgotten": 1}

    assert upload_of(context, upload_id) is None
    assert list(context.storage.keys(keys.UPLOADS)) == []


def test_an_upload_that_was_complete_when_popeye_died_is_handed_over(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    upload_id = new_upload(context, user_id, tiny_video, tmp_path)
    with crash_in("vib.popeye.uploads.hand_over"):
        uploads.append(context, upload_id, tiny_video.stat().st_size - 1, tmp_path / "piece")

    assert sync(context) == {}
    assert sync(context, NOW) == {"uploads handed over": 1}
    assert sync(context, NOW) == {}

    assert context.swf.execution(f"upload-{upload_id}").is_open()


def test_an_upload_that_is_taken_in_meanwhile_is_not_handed_over_again(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    upload_id = new_upload(context, user_id, tiny_video, tmp_path)
    with crash_in("vib.popeye.uploads.hand_over"):
        uploads.append(context, upload_id, tiny_video.stat().st_size - 1, tmp_path / "piece")
    found = next(chore for chore in find(context, NOW) if "hand over" in chore.what)
    received.settle(context, upload_id, UploadStatus.STARTED)

    assert found.do() is None

    with pytest.raises(swflow.SwflowError):
        context.swf.execution(f"upload-{upload_id}")


def test_an_upload_that_cannot_be_taken_in_for_a_week_is_refused(
    context: Services, user_id: UUID, tiny_video: Path, tmp_path: Path
) -> None:
    upload_id = new_upload(context, user_id, tiny_video, tmp_path)
    uploads.append(context, upload_id, tiny_video.stat().st_size - 1, tmp_path / "piece")
    expire(context)

    assert sync(context) == {"uploads refused": 1}

    upload = upload_of(context, upload_id)
    assert upload is not None
    assert (upload.status, upload.reason) == (
        "refused",
        "The file could not be taken in for a week.",
    )
    assert list(context.storage.keys(keys.UPLOADS)) == []


@pytest.mark.parametrize(
    ("crashing", "done"),
    [
        ("vib.storage.folder.FolderStorage.save", {"videos without a file removed": 1}),
        ("vib.popeye.ingest._save_original", {"videos started": 1}),
        ("vib.popeye.ingest.start_workflow", {"videos started": 1}),
    ],
)
def test_a_video_that_was_taken_in_half_is_completed_or_removed(
    context: Services, user_id: UUID, tiny_video: Path, crashing: str, done: dict[str, int]
) -> None:
    with crash_in(crashing):
        ingest(context, tiny_video, user_id)

    assert sync(context) == {}
    assert sync(context, NOW) == done
    assert sync(context, NOW) == {}

    with context.sessions() as session:
        left = session.query(Media).all()
    for media in left:
        assert context.swf.execution(str(media.id)).is_open()
        assert (media.filename, media.status) == (tiny_video.name, MediaStatus.PENDING)


def test_a_video_that_was_to_start_over_after_a_failure_is_started(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    media_id = ingest(context, tiny_video, user_id).media_id
    context.swf.execution(str(media_id)).terminate("the test says so")
    fail_media(VideoJob(media_id, user_id), "The test says so.")
    with crash_in("vib.popeye.ingest.start_workflow"):
        ingest(context, tiny_video, user_id)

    assert list(fail_orphan_workflows.find(context, NOW)) == []
    assert sync(context, NOW) == {"videos started": 1}

    assert context.swf.execution(str(media_id)).is_open()


def test_files_of_nobody_are_removed_and_those_of_others_stay(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    mine = keys.original(ingest(context, tiny_video, user_id).media_id)
    foreign = "logs/2026/11.gz"
    nobodys = (keys.original(uuid4()), keys.part(uuid4(), 0, uuid4()))
    for key in (*nobodys, foreign):
        context.storage.save(key, tiny_video)

    assert sync(context) == {
        "folders of no video removed": 1,
        "folders of no upload removed": 1,
    }

    assert not any(context.storage.exists(key) for key in nobodys)
    assert context.storage.exists(mine)
    assert context.storage.exists(foreign)
