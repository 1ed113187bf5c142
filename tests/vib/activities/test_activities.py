from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

import swflow
from harness.users import add_user, take_in
from vib import keys
from vib.activities.face_detect import face_detect
from vib.activities.face_recognize import face_recognize
from vib.activities.fail_media import fail_media
from vib.activities.notify_complete import notify_complete
from vib.activities.transcode import transcode
from vib.db.models import Asset, AssetType, Base, Contact, Feature, Media, MediaStatus, Stage
from vib.db.people import people_in
from vib.faces import find
from vib.faces.results import RecognitionResult
from vib.local.receiver import Receiver
from vib.messages import VideoJob
from vib.recognisers.embedded import EmbeddedRecogniser
from vib.services import Services, services

# Times, and what an encoder with several threads makes a little different every time.
VOLATILE = {"created_at", "updated_at", "started_at", "finished_at", "bytes", "bitrate"}


@pytest.fixture
def job(context: Services, sample_video: Path, sample_frames: Path) -> VideoJob:
    """The sample video, taken in, with the frames that Transcode writes."""
    job = take_in(context, sample_video, add_user(context))
    context.storage.save(keys.samples(job.media_id), sample_frames)
    return job


def tables(context: Services, models: Iterable[type[Base]]) -> list[list[dict[str, Any]]]:
    """Every row of the tables, without what only says when it was written."""
    with context.sessions() as session:
        return [
            [
                {
                    column.key: str(getattr(row, column.key))
                    for column in model.__table__.columns
                    if column.key not in VOLATILE
                }
                for row in session.scalars(select(model).order_by(*model.__table__.primary_key))
            ]
            for model in models
        ]


def test_a_transcoded_video_can_be_watched(context: Services, job: VideoJob) -> None:
    transcode(job)

    with context.sessions() as session:
        media = session.get_one(Media, job.media_id)
        assets = session.scalars(select(Asset).filter_by(media_id=job.media_id)).all()
    assert media.status == MediaStatus.VISIBLE
    kinds = {asset.asset_type for asset in assets}
    assert kinds == {"main", "poster", "poster_animated", "thumbnail", "image"}
    assert all(context.storage.exists(asset.key) for asset in assets)


def test_files_of_an_earlier_run_that_are_no_longer_made_are_removed(
    context: Services, job: VideoJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcode(job)
    before = set(context.storage.keys(str(job.media_id)))
    monkeypatch.setenv("VIB_RENDITIONS", '["480p"]')
    services.cache_clear()

    transcode(job)

    assert before - set(context.storage.keys(str(job.media_id))) == {
        keys.made(job.media_id, "720p.mp4")
    }
    with context.sessions() as session:
        names = session.scalars(select(Asset.name).filter_by(asset_type="main")).all()
    assert names == ["480p"]


def test_an_activity_that_runs_twice_leaves_the_tables_as_if_it_ran_once(
    context: Services, job: VideoJob
) -> None:
    models = (Media, Asset, Contact, Stage)
    for activity in (transcode, face_detect, face_recognize, notify_complete):
        activity(job)
        once = tables(context, models), faces(context)

        activity(job)

        assert (tables(context, models), faces(context)) == once


def faces(context: Services) -> list[tuple[Any, ...]]:
    """What is known of every face, embeddings left out."""
    with context.sessions() as session:
        rows = session.scalars(select(Feature).order_by(Feature.asset_id)).all()
    return [(row.asset_id, row.contact_id, row.recognition_result, row.score) for row in rows]


def test_the_two_people_of_the_sample_become_contacts_with_pictures(
    context: Services, job: VideoJob
) -> None:
    face_detect(job)

    count = face_recognize(job).people

    with context.sessions() as session:
        people = people_in(session, job.media_id)
        contacts = session.scalars(select(Contact)).all()
    assert count == len(people) == len(contacts) == 2
    assert all(person.is_new for person in people)
    assert {contact.picture_key for contact in contacts} == {person.best_key for person in people}
    assert all(context.storage.exists(person.best_key) for person in people)


def test_somebody_with_a_name_is_recognised_by_it_in_another_video(
    context: Services, job: VideoJob, sample_video: Path, sample_frames: Path
) -> None:
    face_detect(job)
    face_recognize(job)
    with context.sessions.begin() as session:
        first, _ = people_in(session, job.media_id)
        session.get_one(Contact, first.contact_id).name = "Eileen"
    second_job = take_in(context, sample_video, job.user_id, sha256="1")
    context.storage.save(keys.samples(second_job.media_id), sample_frames)

    face_detect(second_job)
    face_recognize(second_job)

    with context.sessions() as session:
        people = people_in(session, second_job.media_id)
        results = set(
            session.scalars(
                select(Feature.recognition_result)
                .join(Asset)
                .filter_by(media_id=second_job.media_id)
            )
        )
        known = session.scalars(select(Contact)).all()
    assert [person.name for person in people] == ["Eileen", None]
    assert results == {RecognitionResult.MACHINE_RECOGNIZED}
    assert len(known) == 2


def test_another_users_contacts_are_nobody(
    context: Services, job: VideoJob, sample_video: Path, sample_frames: Path
) -> None:
    face_detect(job)
    face_recognize(job)
    other_job = take_in(context, sample_video, add_user(context))
    context.storage.save(keys.samples(other_job.media_id), sample_frames)

    face_detect(other_job)
    face_recognize(other_job)

    with context.sessions() as session:
        assert all(person.is_new for person in people_in(session, other_job.media_id))


def test_faces_with_a_flaw_are_stored_with_it_and_become_nobodys(
    context: Services, job: VideoJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmbeddedRecogniser, "flaw", lambda *_: RecognitionResult.NOT_FACE)

    face_detect(job)
    count = face_recognize(job).people

    with context.sessions() as session:
        features = session.scalars(select(Feature)).all()
    assert count == 0
    assert len(features) >= 3
    assert {feature.recognition_result for feature in features} == {RecognitionResult.NOT_FACE}
    assert all(feature.embedding is None for feature in features)
    assert all(feature.contact_id is None for feature in features)


def test_what_people_said_of_a_face_outlives_a_second_run(context: Services, job: VideoJob) -> None:
    face_detect(job)
    face_recognize(job)
    with context.sessions.begin() as session:
        first, _ = people_in(session, job.media_id)
        session.execute(
            update(Feature)
            .filter_by(contact_id=first.contact_id)
            .values(recognition_result=RecognitionResult.HUMAN_RECOGNIZED)
        )
    once = faces(context)

    face_recognize(job)

    assert faces(context) == once


def test_of_a_run_that_finds_fewer_faces_than_the_one_before_nothing_is_left(
    context: Services, job: VideoJob, sample_frames: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = find.find_faces(sample_frames)
    faces, forgotten = [], []
    monkeypatch.setattr(context.recogniser, "forget", lambda _, gone: forgotten.extend(gone))
    for found in ([first, *others], [first]):
        monkeypatch.setattr(find, "find_faces", lambda *_, found=found, **__: found)
        face_detect(job)
        with context.sessions() as session:
            faces.append(set(session.scalars(select(Feature.asset_id))))

    with context.sessions() as session:
        kept = set(session.scalars(select(Asset.key).filter_by(asset_type=AssetType.FACE)))
    assert set(forgotten) == faces[0] - faces[1]
    stored = set(context.storage.keys(str(job.media_id)))
    assert stored == kept | {keys.original(job.media_id), keys.samples(job.media_id)}
    assert others
    assert len(kept) == len(first.shots)


def test_faces_without_their_frames_are_not_tried_again(context: Services, job: VideoJob) -> None:
    context.storage.delete(keys.samples(job.media_id))

    with pytest.raises(swflow.Failure, match="frames are gone") as caught:
        face_detect(job)

    assert caught.value.retry is False


def test_a_video_that_cannot_be_processed_fails_for_good_and_says_why(
    context: Services, job: VideoJob, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"nothing to see")
    context.storage.save(keys.original(job.media_id), broken)

    with pytest.raises(swflow.Failure, match="is not a video") as caught:
        transcode(job)

    assert caught.value.retry is False
    with context.sessions() as session:
        stage = session.get_one(Stage, (job.media_id, "Transcode"))
    assert stage.status == "failed"
    assert stage.detail is not None
    assert "is not a video" in stage.detail


def test_a_video_that_can_be_watched_never_becomes_failed(context: Services, job: VideoJob) -> None:
    with context.sessions.begin() as session:
        session.get_one(Media, job.media_id).status = MediaStatus.VISIBLE

    fail_media(job, "too late")

    with context.sessions() as session:
        assert session.get_one(Media, job.media_id).status == MediaStatus.VISIBLE


def test_a_pending_video_becomes_failed_with_its_reason_once(
    context: Services, job: VideoJob, web: Receiver, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    left.touch()
    context.storage.save(keys.made(job.media_id, "720p.mp4"), left)

    fail_media(job, "it is broken")
    once = tables(context, (Media, Asset, Stage))
    fail_media(job, "it is broken")

    assert tables(context, (Media, Asset, Stage)) == once
    with context.sessions() as session:
        media = session.get_one(Media, job.media_id)
    assert (media.status, media.failure) == (MediaStatus.FAILED, "it is broken")
    assert list(context.storage.keys(str(job.media_id))) == [keys.original(job.media_id)]
    message = web.messages.get(timeout=5)
    assert (message["status"], message["reason"]) == ("failed", "it is broken")


def test_the_web_application_is_told_of_a_complete_video(
    context: Services, job: VideoJob, web: Receiver
) -> None:
    notify_complete(job)

    message = web.messages.get(timeout=5)
    assert message.pop("id")
    assert message == {"uid": str(job.user_id), "mid": str(job.media_id), "status": "complete"}
    with context.sessions() as session:
        assert session.get_one(Media, job.media_id).status == MediaStatus.COMPLETE
