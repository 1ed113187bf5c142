import json
import logging
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from harness.users import add_user
from vib import keys
from vib.activities.notify_upload import notify_upload
from vib.activities.upload import upload
from vib.db.models import Media, MediaStatus, Upload, UploadPart
from vib.local.receiver import Receiver
from vib.logs import configure
from vib.messages import UploadJob, UploadOutcome
from vib.popeye import uploads
from vib.popeye.ingest import NOTHING_SPECIAL, Wishes
from vib.services import Services
from vib.storage.s3 import S3Storage


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


def send(
    context: Services, user_id: UUID, file: Path, wishes: Wishes = NOTHING_SPECIAL
) -> UploadJob:
    """An upload that is complete, in several pieces."""
    content = file.read_bytes()
    upload_id = uploads.create(context, user_id, file.name, len(content), wishes)
    step = len(content) // 3 + 1
    for start in range(0, len(content), step):
        piece = context.scratch_folder / f"{upload_id}.piece"
        piece.write_bytes(content[start : start + step])
        uploads.append(context, upload_id, start, piece)
        piece.unlink()
    return UploadJob(upload_id, user_id)


def assert_nothing_is_left(context: Services, job: UploadJob) -> None:
    """Nothing is left of the pieces, and what became of them is written down."""
    with context.sessions() as session:
        parts = select(func.count()).select_from(UploadPart).filter_by(upload_id=job.upload_id)
        assert session.scalar(parts) == 0
        row = session.get_one(Upload, job.upload_id)
    assert row.status not in ("receiving", "received")
    assert list(context.storage.keys(keys.upload(job.upload_id))) == []
    assert list(context.scratch_folder.iterdir()) == []


def test_the_pieces_of_an_upload_become_a_video_whose_workflow_runs(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    wishes = Wishes(skip_faces=True, album_id=uuid4(), media_id=uuid4())
    job = send(context, user_id, tiny_video, wishes)

    outcome = upload(job)

    assert outcome == UploadOutcome(job.upload_id, wishes.media_id, "started")
    with context.storage.local(keys.original(outcome.media_id)) as original:
        assert original.read_bytes() == tiny_video.read_bytes()
    with context.sessions() as session:
        media = session.get_one(Media, outcome.media_id)
    assert (media.filename, media.skip_faces, media.album_id) == (
        tiny_video.name,
        True,
        wishes.album_id,
    )
    assert context.swf.execution(str(media.id)).is_open()
    assert_nothing_is_left(context, job)


def test_it_is_the_same_in_amazon_s3(
    context: Services,
    user_id: UUID,
    tiny_video: Path,
    s3_storage: S3Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = Services(context.settings)
    there.storage = s3_storage
    monkeypatch.setattr("vib.activities.upload.services", lambda: there)
    job = send(there, user_id, tiny_video)

    outcome = upload(job)

    assert outcome.status == "started"
    with s3_storage.local(keys.original(outcome.media_id)) as original:
        assert original.read_bytes() == tiny_video.read_bytes()
    assert_nothing_is_left(there, job)


def test_run_twice_it_says_and_leaves_the_same(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    job = send(context, user_id, tiny_video)

    assert upload(job) == upload(job)

    assert_nothing_is_left(context, job)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (MediaStatus.PENDING, "in progress"),
        (MediaStatus.VISIBLE, "already there"),
        (MediaStatus.COMPLETE, "already there"),
    ],
)
def test_a_file_that_the_user_has_already_is_not_taken_twice(
    context: Services, user_id: UUID, tiny_video: Path, status: MediaStatus, said: str
) -> None:
    first = upload(send(context, user_id, tiny_video))
    with context.sessions.begin() as session:
        session.get_one(Media, first.media_id).status = status
    second_job = send(context, user_id, tiny_video, Wishes(media_id=uuid4()))

    second = upload(second_job)

    assert (second.media_id, second.status) == (first.media_id, said)
    assert_nothing_is_left(context, second_job)


def test_a_file_that_failed_starts_over(context: Services, user_id: UUID, tiny_video: Path) -> None:
    first = upload(send(context, user_id, tiny_video))
    context.swf.execution(str(first.media_id)).terminate("the test says so")
    with context.sessions.begin() as session:
        session.get_one(Media, first.media_id).status = MediaStatus.FAILED

    second = upload(send(context, user_id, tiny_video))

    assert (second.media_id, second.status) == (first.media_id, "started")


@pytest.mark.parametrize("content", [b"", b"nothing to see"])
def test_a_file_that_is_no_video_is_refused_with_its_reason_and_leaves_nothing(
    context: Services, user_id: UUID, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "notes.mp4"
    file.write_bytes(content)
    job = send(context, user_id, file)

    outcome = upload(job)

    assert outcome.status == "refused"
    assert outcome.reason is not None
    assert outcome.reason.startswith("notes.mp4 is ")
    with context.sessions() as session:
        assert session.get(Media, outcome.media_id) is None
    assert_nothing_is_left(context, job)


def test_a_file_that_the_web_application_put_there_is_moved_into_the_pipeline(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    key = f"{keys.INCOMING}/{uuid4()}"
    context.storage.save(key, tiny_video)
    job = UploadJob(uploads.hand_in(context, user_id, "tiny.mp4", key), user_id)

    outcome = upload(job)

    assert outcome.status == "started"
    assert not context.storage.exists(key)
    assert context.storage.exists(keys.original(outcome.media_id))


def test_a_file_that_was_handed_in_twice_and_is_gone_is_refused(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    key = f"{keys.INCOMING}/{uuid4()}"
    context.storage.save(key, tiny_video)
    first, second = (
        UploadJob(uploads.hand_in(context, user_id, "tiny.mp4", key), user_id) for _ in range(2)
    )
    upload(first)

    outcome = upload(second)

    assert (outcome.status, outcome.reason) == (
        "refused",
        f"{key} is not in the storage any more.",
    )


def test_the_web_application_hears_why_an_upload_became_no_video(
    user_id: UUID, shared_web: Receiver
) -> None:
    outcome = UploadOutcome(uuid4(), uuid4(), "refused", "It is no video.")

    notify_upload(UploadJob(outcome.upload_id, user_id), outcome)

    message = shared_web.messages.get(timeout=5)
    assert message.pop("id")
    assert message == {
        "uid": str(user_id),
        "mid": str(outcome.media_id),
        "upload": str(outcome.upload_id),
        "status": "refused",
        "reason": "It is no video.",
    }


def test_the_log_says_whose_file_it_was_and_how_long_it_took(
    context: Services, user_id: UUID, tiny_video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = send(context, user_id, tiny_video)
    handlers = logging.root.handlers[:]
    try:
        configure("INFO")
        upload(job)
    finally:
        logging.root.handlers[:] = handlers

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["message"] == "Upload done"]
    assert line["user_uuid"] == str(user_id)
    assert line["step"] == "Upload"
    assert line["seconds"] > 0
    assert {"time", "level", "logger"} <= set(line)
