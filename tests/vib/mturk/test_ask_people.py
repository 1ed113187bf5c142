"""From a video with doubtful people to contacts, with 36 hours passing in no time."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from harness.mturk import Hit, MTurk
from harness.tracks import add_contact, add_track, looks, results
from swflow import Execution
from swflow.testing import Environment
from vib.activities.ask_again import ask_again
from vib.activities.ask_merge import ask_merge
from vib.activities.ask_names import ask_names
from vib.activities.face_detect import face_detect
from vib.activities.transcode import transcode
from vib.contacts.questions import workflow_id
from vib.db.models import Media, Question
from vib.jobs.collect_mturk import JOB
from vib.jobs.run import run
from vib.local.receiver import Receiver
from vib.messages import Answer, VideoJob
from vib.services import Services
from vib.workflows.ask_people import answered, ask_people
from vib.workflows.video_processing import video_processing

OVER = timedelta(hours=36, minutes=1)


@pytest.fixture
def env(context: Services) -> Iterator[Environment]:
    """Workflows in virtual time, with real activities but for those that want a film."""
    with Environment(sticky=False) as env:
        env.replace(transcode, lambda job: None)  # noqa: ARG005
        env.replace(face_detect, lambda job: None)  # noqa: ARG005
        context.swf = env.client
        yield env


@pytest.fixture
def ann(context: Services, job: VideoJob) -> UUID:
    """Somebody whom the user knows; of track 1 and 2 it is open whether they are one, and she."""
    ann = add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.51, -0.28))
    add_track(context, job, 2, looks(0.51, 0.29))
    return ann


def start(env: Environment, job: VideoJob) -> Execution[int]:
    """Process the video; what waits for people then."""
    env.start(video_processing, job, workflow_id=str(job.media_id)).result()
    env.run_until_idle()
    return env.client.execution(workflow_id(job.media_id), workflow=ask_people)


def the_hit(mturk: MTurk, kind: str) -> Hit:
    (hit,) = (
        hit
        for hit in mturk.hits.values()
        if hit.request["UniqueRequestToken"].startswith(f"{kind}-")
    )
    return hit


def submit_and_collect(
    context: Services, env: Environment, mturk: MTurk, hit: Hit, *answers: dict[str, str]
) -> None:
    for number, answer in enumerate(answers):
        mturk.submit(hit, f"W{len(hit.assignments)}{number}", answer)
    run(context, JOB)
    env.run_until_idle()


def heard(web: Receiver) -> list[str]:
    """What the web application was told, in order."""
    said = []
    while not web.messages.empty():
        said.append(web.messages.get()["status"])
    return said


def test_people_are_asked_what_is_one_person_and_who_it_is_after_the_video_is_complete(  # noqa: PLR0917 - fixtures
    context: Services,
    env: Environment,
    mturk: MTurk,
    job: VideoJob,
    ann: UUID,
    shared_web: Receiver,
) -> None:
    heard(shared_web)
    asking = start(env, job)
    with context.sessions() as session:
        assert session.get_one(Media, job.media_id).status == "complete"
    assert heard(shared_web) == ["complete"]

    env.advance(hours=20)
    same = {"1": "new", "2": "1"}
    submit_and_collect(context, env, mturk, the_hit(mturk, "merge"), same, same)
    env.advance(hours=20)
    hit = the_hit(mturk, "recognize-1")
    submit_and_collect(context, env, mturk, hit, {"1": str(ann)}, {"1": str(ann)})

    assert asking.result() == 1
    assert results(context, job) == {1: ("human_recognized", ann), 2: ("human_recognized", ann)}
    assert heard(shared_web) == ["people"]
    run(context, JOB)
    run(context, JOB)
    assert mturk.hits == {}


def test_36_hours_without_an_answer_end_well_with_what_the_machine_holds_for_likeliest(
    context: Services, env: Environment, job: VideoJob, ann: UUID
) -> None:
    asking = start(env, job)

    env.advance(OVER)
    assert asking.is_open()
    env.advance(OVER)

    assert asking.status() == "COMPLETED"
    assert {result for result, _ in results(context, job).values()} == {"new_face"}
    assert ann not in {contact for _, contact in results(context, job).values()}
    with context.sessions() as session:
        closed = session.scalars(select(Question.closed_at).filter_by(media_id=job.media_id))
        assert all(closed.all())


def test_two_who_disagree_bring_a_third(
    context: Services, env: Environment, mturk: MTurk, job: VideoJob, ann: UUID
) -> None:
    asking = start(env, job)
    hit = the_hit(mturk, "merge")

    submit_and_collect(context, env, mturk, hit, {"1": "new", "2": "1"}, {"1": "new", "2": "new"})
    run(context, JOB)
    assert (hit.most, asking.is_open()) == (3, True)
    submit_and_collect(context, env, mturk, hit, {"1": "new", "2": "notface"})

    # Of the second track there is no majority: the machine takes it for somebody else.
    assert the_hit(mturk, "recognize-1").choices == {"1": [str(ann), "new_face"]}
    assert the_hit(mturk, "recognize-2").choices == {"2": [str(ann), "new_face"]}


def test_an_answer_to_an_earlier_question_changes_nothing(
    context: Services, env: Environment, mturk: MTurk, job: VideoJob, ann: UUID
) -> None:
    asking = start(env, job)
    merge = UUID(the_hit(mturk, "merge").request["RequesterAnnotation"].rpartition(" ")[2])
    env.advance(OVER)

    asking.signal(answered, Answer(merge, "late", {"1": "notface", "2": "notface"}, final=True))
    env.advance(OVER)

    assert asking.status() == "COMPLETED"
    assert {result for result, _ in results(context, job).values()} == {"new_face"}
    markers = [event for event in asking.history() if event["eventType"] == "MarkerRecorded"]
    assert "late answer" in {
        event["markerRecordedEventAttributes"]["markerName"] for event in markers
    }
    assert ann


def test_a_signal_that_is_no_answer_is_passed_over(
    env: Environment, context: Services, job: VideoJob, ann: UUID
) -> None:
    asking = start(env, job)

    env.client.connection.swf.signal_workflow_execution(
        domain=env.client.domain, workflowId=asking.workflow_id, signalName="answered", input="7"
    )
    env.advance(2 * OVER)

    assert asking.status() == "COMPLETED"
    assert ann not in {contact for _, contact in results(context, job).values()}


@pytest.mark.usefixtures("ann")
def test_where_mechanical_turk_is_away_for_long_the_machine_decides(
    context: Services, env: Environment, mturk: MTurk, job: VideoJob
) -> None:
    env.fail(ask_merge, times=99)
    env.fail(ask_names, times=99)

    asking = start(env, job)
    env.advance(days=2)

    assert asking.status() == "COMPLETED"
    assert mturk.hits == {}
    assert {result for result, _ in results(context, job).values()} == {"new_face"}


@pytest.mark.usefixtures("ann")
def test_a_third_who_cannot_be_asked_leaves_it_at_two(
    context: Services, env: Environment, mturk: MTurk, job: VideoJob
) -> None:
    env.fail(ask_again, times=99)
    asking = start(env, job)

    submit_and_collect(
        context,
        env,
        mturk,
        the_hit(mturk, "merge"),
        {"1": "new", "2": "1"},
        {"1": "new", "2": "new"},
    )
    env.advance(2 * OVER + timedelta(days=1))

    assert asking.status() == "COMPLETED"


def test_a_video_without_doubt_asks_nobody(
    context: Services, env: Environment, mturk: MTurk, job: VideoJob
) -> None:
    add_track(context, job, 1, looks(0))
    add_track(context, job, 2, looks(5))

    outcome = env.run(video_processing, job)
    env.advance(hours=1)

    assert outcome.people == 2
    assert mturk.hits == {}


@pytest.mark.usefixtures("ann")
def test_a_video_that_is_processed_again_while_people_are_asked_does_not_ask_twice(
    env: Environment, mturk: MTurk, job: VideoJob
) -> None:
    asking = start(env, job)

    start(env, job)

    assert asking.is_open()
    assert len(mturk.hits) == 1
