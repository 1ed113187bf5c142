from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

import swflow
from harness.users import add_user
from vib import keys
from vib.db.models import Asset, AssetType, Media, MediaStatus, Stage
from vib.db.queries import save_asset
from vib.jobs import fail_orphan_workflows
from vib.jobs.job import Job
from vib.jobs.run import Outcome, run
from vib.local.receiver import Receiver
from vib.messages import UploadJob, VideoJob
from vib.notify import WebApplication
from vib.popeye.ingest import ingest
from vib.services import Services
from vib.workflows.ask_people import ask_people
from vib.workflows.upload_video import upload_video
from vib.workflows.video_processing import video_processing

NOW = timedelta(0)
AT_ONCE: Job = replace(
    fail_orphan_workflows.JOB, find=partial(fail_orphan_workflows.find, patience=NOW)
)
ENDED = "The workflow ended as TERMINATED."


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


@pytest.fixture
def media_id(context: Services, user_id: UUID, tiny_video: Path) -> UUID:
    """A video whose workflow ended without a word, after it had made something."""
    media_id = ingest(context, tiny_video, user_id).media_id
    context.swf.execution(str(media_id)).terminate("the test says so")
    key = keys.made(media_id, "poster.jpg")
    context.storage.save(key, tiny_video)
    poster = {"asset_type": AssetType.POSTER, "name": "", "key": key, "mimetype": "image/jpeg"}
    with context.sessions.begin() as session:
        save_asset(session, media_id=media_id, bytes=1, width=1, height=1, **poster)
    return media_id


def settle(context: Services) -> Counter[str]:
    """Runs the job; how often what was done."""
    outcome = attempt(context)
    assert outcome.failed == 0
    return outcome.done


def attempt(context: Services) -> Outcome:
    return run(context, AT_ONCE)


def set_status(context: Services, media_id: UUID, status: MediaStatus) -> None:
    with context.sessions.begin() as session:
        session.get_one(Media, media_id).status = status


def media_of(context: Services, media_id: UUID) -> Media:
    with context.sessions() as session:
        return session.get_one(Media, media_id)


def files_of(context: Services, media_id: UUID) -> set[str]:
    """The keys of a video's files, which the rows know as well."""
    stored = set(context.storage.keys(str(media_id)))
    with context.sessions() as session:
        assert stored == set(session.scalars(select(Asset.key).filter_by(media_id=media_id)))
    return stored


def test_a_video_that_cannot_be_watched_fails_and_the_web_application_hears_why(
    context: Services, web: Receiver, media_id: UUID
) -> None:
    assert settle(context) == {"videos failed": 1}
    assert settle(context) == {}

    media = media_of(context, media_id)
    assert (media.status, media.failure) == ("failed", ENDED)
    assert files_of(context, media_id) == {keys.original(media_id)}
    heard = web.messages.get(timeout=5)
    assert (heard["mid"], heard["status"], heard["reason"]) == (str(media_id), "failed", ENDED)


def test_a_video_that_can_be_watched_is_completed_and_the_web_application_hears_of_it(
    context: Services, web: Receiver, media_id: UUID
) -> None:
    set_status(context, media_id, MediaStatus.VISIBLE)

    assert settle(context) == {"videos completed": 1}
    assert settle(context) == {}

    assert media_of(context, media_id).status == "complete"
    assert len(files_of(context, media_id)) == 2
    assert web.messages.get(timeout=5)["status"] == "complete"


@pytest.mark.parametrize("status", [MediaStatus.PENDING, MediaStatus.VISIBLE])
def test_what_the_web_application_could_not_be_told_it_is_told_by_the_next_run(
    context: Services, web: Receiver, media_id: UUID, status: MediaStatus
) -> None:
    set_status(context, media_id, status)
    there, context.web = context.web, WebApplication("http://127.0.0.1:9/", "nobody")
    assert attempt(context).failed == 1
    assert web.messages.empty()

    context.web = there
    settle(context)

    assert settle(context) == {}
    assert web.messages.get(timeout=5)["mid"] == str(media_id)
    assert web.messages.empty()


def test_a_video_that_is_worked_on_is_left_alone(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    media_id = ingest(context, tiny_video, user_id).media_id

    for status in (MediaStatus.PENDING, MediaStatus.VISIBLE):
        set_status(context, media_id, status)
        assert settle(context) == {}
        assert media_of(context, media_id).status == status


def test_a_video_that_is_settled_is_left_alone(context: Services, media_id: UUID) -> None:
    for status in (MediaStatus.COMPLETE, MediaStatus.FAILED):
        set_status(context, media_id, status)
        assert settle(context) == {}


def test_what_changed_lately_is_left_alone(context: Services, media_id: UUID) -> None:
    assert run(context, fail_orphan_workflows.JOB).done == {}

    assert media_of(context, media_id).status == "pending"


def test_of_videos_that_swf_has_forgotten_those_that_can_be_watched_are_completed(
    context: Services, media_id: UUID
) -> None:
    context.swf = swflow.Client(
        "new", endpoint_url=context.settings.swf_endpoint_url, region="us-east-1"
    )
    context.swf.register(retention=timedelta(days=1))

    assert settle(context) == {}  # sync starts it anew
    set_status(context, media_id, MediaStatus.VISIBLE)
    assert settle(context) == {"videos completed": 1}


def test_workflows_of_what_is_gone_are_ended_and_others_go_on(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    mine = str(ingest(context, tiny_video, user_id).media_id)
    gone, upload, asking = str(uuid4()), f"upload-{uuid4()}", f"people-{uuid4()}"
    other = "an operator's test"
    job = VideoJob(uuid4(), user_id)
    for workflow_id in (gone, other):
        context.swf.start(video_processing, job, workflow_id=workflow_id)
    context.swf.start(ask_people, job, workflow_id=asking)
    context.swf.start(upload_video, UploadJob(uuid4(), user_id), workflow_id=upload)

    assert settle(context) == {"workflows terminated": 3}

    for name in (gone, upload, asking):
        assert context.swf.execution(name).status() == "TERMINATED"
    for name in (mine, other):
        assert context.swf.execution(name).is_open()


def test_a_dry_run_lists_and_changes_nothing(
    context: Services, web: Receiver, media_id: UUID, user_id: UUID
) -> None:
    gone = str(uuid4())
    context.swf.start(video_processing, VideoJob(uuid4(), user_id), workflow_id=gone)

    listed = [chore.what for chore in AT_ONCE.find(context)]

    assert listed == [
        f"fail the video {media_id}: {ENDED}",
        f"end the workflow {gone}, whose row is gone",
    ]
    assert media_of(context, media_id).status == "pending"
    with context.sessions() as session:
        assert session.scalars(select(Stage)).all() == []
    assert context.swf.execution(gone).is_open()
    assert web.messages.empty()
