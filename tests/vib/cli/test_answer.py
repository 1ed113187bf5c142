import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from harness.tracks import add_contact, add_track, add_video, looks
from harness.users import add_user
from vib.activities.ask_names import ask_names
from vib.activities.face_recognize import face_recognize
from vib.activities.merge_tracks import merge_tracks
from vib.contacts.questions import workflow_id
from vib.db.models import Question
from vib.messages import VideoJob
from vib.services import Services
from vib.workflows.ask_people import ask_people

from .conftest import Command


@pytest.fixture
def context(asking_by_hand: Services) -> Services:
    return asking_by_hand


@pytest.fixture
def job(context: Services) -> VideoJob:
    """A video with somebody of whom people are asked who it is; its workflow waits."""
    job = add_video(context, add_user(context))
    add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.55))
    face_recognize(job)
    context.swf.start(ask_people, job, workflow_id=workflow_id(job.media_id))
    ask_names(job, merge_tracks(job, {}))
    return job


@pytest.fixture
def question_id(context: Services, job: VideoJob) -> UUID:
    with context.sessions() as session:
        return session.scalars(select(Question.id).filter_by(media_id=job.media_id)).one()


def test_answer_tells_what_is_asked_about_a_video_and_what_may_be_answered(
    job: VideoJob, question_id: UUID, vib: Command
) -> None:
    done = vib("answer", job.media_id)

    assert done.status == 0
    assert f"Question {question_id} until" in done.out
    assert "picture 1: file:///" in done.out
    assert "1=new_face  None of these people" in done.out


def test_show_says_that_people_are_asked(job: VideoJob, question_id: UUID, vib: Command) -> None:
    assert "Asked     people, 1 questions, until" in vib("show", job.media_id).out
    shown = json.loads(vib("show", job.media_id, "--json").out)
    assert [question["id"] for question in shown["questions"]] == [str(question_id)]


def test_answer_tells_the_workflow_that_waits(
    context: Services, job: VideoJob, question_id: UUID, vib: Command
) -> None:
    done = vib("answer", question_id, "1=new_face")

    assert (done.status, done.err) == (0, "")
    history = context.swf.execution(workflow_id(job.media_id)).history()
    assert history[-1]["eventType"] == "WorkflowExecutionSignaled"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (["1=the queen"], "not to choose from"),
        (["2=new_face"], "Picture 1 has no answer"),
        (["new_face"], "is no answer"),
        (["1=new_face", "1=new_face"], "is no answer"),
    ],
)
def test_answer_says_what_is_wrong_with_one(
    question_id: UUID, vib: Command, answers: list[str], why: str
) -> None:
    done = vib("answer", question_id, *answers)

    assert done.status == 2
    assert why in done.err


def test_answer_says_what_there_is_not(job: VideoJob, vib: Command) -> None:
    assert "Nobody is asked anything" in vib("answer", uuid4()).err
    assert "There is no question" in vib("answer", job.media_id, "1=new_face").err
