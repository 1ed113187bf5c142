from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from harness.tracks import add_contact, add_track, add_video, looks, results
from harness.users import add_user
from vib import keys
from vib.contacts.questions import workflow_id
from vib.db.models import Asset, AssetType, Contact, Feature, Media
from vib.db.queries import save_asset
from vib.faces.results import RecognitionResult
from vib.jobs import orphan_faces
from vib.jobs.run import run
from vib.messages import VideoJob
from vib.services import Services
from vib.workflows.ask_people import ask_people
from vib.workflows.video_processing import video_processing

BAD = set(RecognitionResult) - {
    RecognitionResult.MACHINE_RECOGNIZED,
    RecognitionResult.HUMAN_RECOGNIZED,
    RecognitionResult.NEW_FACE,
}


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


@pytest.fixture
def job(context: Services, user_id: UUID) -> Iterator[VideoJob]:
    """A video with two tracks that are nobody's, three days old, which nobody works on."""
    job = add_video(context, user_id)
    for track_id in (1, 2):
        add_track(context, job, track_id, looks(track_id))
    change(context, job)
    yield job
    with context.sessions.begin() as session:
        session.delete(session.get_one(Media, job.media_id))


def change(
    context: Services,
    job: VideoJob,
    track_id: int | None = None,
    *,
    age: timedelta = timedelta(days=3),
    **values: Any,
) -> None:
    """Make the faces of a track, or of all, look as if they were older, or otherwise."""
    faces = select(Asset.id).filter_by(media_id=job.media_id)
    which = [Feature.asset_id.in_(faces)]
    which += [] if track_id is None else [Feature.track_id == track_id]
    with context.sessions.begin() as session:
        session.execute(update(Feature).where(*which).values(created_at=func.now() - age, **values))


def rescue(context: Services) -> int:
    """Runs the job; how many contacts it made."""
    outcome = run(context, orphan_faces.JOB)
    assert outcome.failed == 0
    return outcome.done["contacts made"]


def contacts_of(context: Services, user_id: UUID) -> dict[UUID, str | None]:
    """Somebody's contacts, each with the key of their picture."""
    with context.sessions() as session:
        found = session.scalars(select(Contact).filter_by(user_id=user_id))
        return {contact.id: contact.picture_key for contact in found}


def test_each_track_becomes_somebody_new_with_its_best_face(
    context: Services, job: VideoJob
) -> None:
    better = _add_face(context, job, 1, number=1, score=0.95)
    change(context, job)

    assert rescue(context) == 2

    known = results(context, job)
    assert {result for result, _ in known.values()} == {"new_face"}
    assert contacts_of(context, job.user_id) == {
        known[1][1]: better,
        known[2][1]: keys.face(job.media_id, 2, 0),
    }


def test_running_again_changes_nothing(context: Services, job: VideoJob) -> None:
    rescue(context)
    known, contacts = results(context, job), contacts_of(context, job.user_id)

    assert rescue(context) == 0

    assert (results(context, job), contacts_of(context, job.user_id)) == (known, contacts)


@pytest.mark.parametrize("result", sorted(BAD))
def test_bad_faces_stay_nobodys(context: Services, job: VideoJob, result: str) -> None:
    change(context, job, 1, recognition_result=result)

    assert rescue(context) == 1

    assert results(context, job)[1] == (result, None)


def test_of_a_track_only_the_good_faces_are_linked(context: Services, job: VideoJob) -> None:
    bad = _add_face(context, job, 1, number=1, score=0.99, recognition_result="bad_face")
    change(context, job)

    rescue(context)

    with context.sessions() as session:
        left = session.scalars(select(Asset.key).join(Feature).filter_by(contact_id=None)).all()
    assert bad in left
    assert bad not in contacts_of(context, job.user_id).values()


@pytest.mark.parametrize("result", sorted(set(RecognitionResult) - BAD))
def test_faces_of_a_contact_that_is_gone_become_somebody_new(
    context: Services, user_id: UUID, job: VideoJob, result: str
) -> None:
    contact_id = add_contact(context, user_id, looks(9))
    change(context, job, 1, contact_id=contact_id, recognition_result=result)
    assert rescue(context) == 1
    with context.sessions.begin() as session:
        session.delete(session.get_one(Contact, contact_id))

    assert rescue(context) == 1

    assert results(context, job)[1][0] == "new_face"


def test_young_faces_are_left_alone(context: Services, job: VideoJob) -> None:
    change(context, job, age=timedelta(days=1, hours=23))

    assert rescue(context) == 0

    assert results(context, job) == {1: (None, None), 2: (None, None)}


def test_faces_that_people_are_asked_about_are_left_alone(context: Services, job: VideoJob) -> None:
    asking = context.swf.start(ask_people, job, workflow_id=workflow_id(job.media_id))

    assert rescue(context) == 0
    asking.terminate("nobody answers")
    assert rescue(context) == 2


def test_faces_of_a_video_that_is_worked_on_are_left_alone(
    context: Services, job: VideoJob
) -> None:
    working = context.swf.start(video_processing, job, workflow_id=str(job.media_id))

    assert rescue(context) == 0
    working.terminate("the machine is gone")
    assert rescue(context) == 2


def test_pictures_of_friends_are_no_orphans(context: Services, job: VideoJob) -> None:
    with context.sessions.begin() as session:
        session.execute(
            update(Asset).filter_by(media_id=job.media_id).values(asset_type=AssetType.FB_FACE)
        )

    assert rescue(context) == 0


def test_what_cannot_be_learned_is_found_again(
    context: Services, job: VideoJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("Rekognition is away")

    with monkeypatch.context() as away:
        away.setattr(type(context.recogniser), "learn", fail)
        assert run(context, orphan_faces.JOB).failed == 2
    assert results(context, job) == {1: (None, None), 2: (None, None)}

    assert rescue(context) == 2


def test_a_dry_run_lists_and_changes_nothing(context: Services, job: VideoJob) -> None:
    listed = [chore.what for chore in orphan_faces.find(context)]

    assert listed == [
        f"make a contact of track {track} of the video {job.media_id}" for track in (1, 2)
    ]
    assert contacts_of(context, job.user_id) == {}


def _add_face(
    context: Services, job: VideoJob, track_id: int, *, number: int, score: float, **values: Any
) -> str:
    """Another face of a track; its picture's key."""
    key = keys.face(job.media_id, track_id, number)
    with context.sessions.begin() as session:
        first = session.scalars(
            select(Feature).join(Asset).filter_by(key=keys.face(job.media_id, track_id, 0))
        ).one()
        asset = {"asset_type": AssetType.FACE, "name": f"{track_id}_{number}", "key": key}
        shape = {"mimetype": "image/jpeg", "bytes": 1, "width": 96, "height": 96}
        asset_id = save_asset(session, media_id=job.media_id, **asset, **shape)
        columns = {each.key: getattr(first, each.key) for each in Feature.__table__.columns}
        session.add(Feature(**{**columns, "asset_id": asset_id, "score": score, **values}))
    return key
