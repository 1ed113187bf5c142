from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from harness.mturk import MTurk
from harness.tracks import add_contact, add_track, add_video, looks
from vib.activities.ask_names import ask_names
from vib.activities.face_recognize import face_recognize
from vib.activities.merge_tracks import merge_tracks
from vib.db.models import MTurkWorker, Question
from vib.jobs.notify_mturk import JOB, REST
from vib.jobs.run import run
from vib.messages import VideoJob
from vib.services import Services


@pytest.fixture(autouse=True)
def nobody_yet(context: Services) -> None:
    with context.sessions.begin() as session:
        session.execute(delete(MTurkWorker))


def announce(context: Services) -> dict[str, int]:
    """Run the job; how often what was done."""
    return dict(run(context, JOB).done)


def add_workers(context: Services, count: int) -> None:
    with context.sessions.begin() as session:
        now = datetime.now(UTC)
        session.add_all(MTurkWorker(worker_id=f"W{i:03}", answered_at=now) for i in range(count))


def have_asked(context: Services, job: VideoJob) -> None:
    """Have a question about another video of a user, and all that were before answered."""
    with context.sessions.begin() as session:
        session.execute(update(Question).values(closed_at=datetime.now(UTC)))
    add_contact(context, job.user_id, looks(0))
    another = add_video(context, job.user_id)
    add_track(context, another, 1, looks(0.55))
    face_recognize(another)
    ask_names(another, merge_tracks(another, {}))


def let_pass(context: Services, time: timedelta) -> None:
    with context.sessions.begin() as session:
        session.execute(update(MTurkWorker).values(told_at=MTurkWorker.told_at - time))


def test_all_who_answered_before_are_told_a_hundred_at_a_time(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_workers(context, 101)
    have_asked(context, job)

    assert announce(context) == {"e-mails sent": 2}

    assert [len(mail) for mail in mturk.mails] == [100, 1]


def test_nobody_is_told_of_the_same_questions_twice(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_workers(context, 1)
    have_asked(context, job)
    announce(context)
    with context.sessions.begin() as session:
        session.execute(update(Question).values(asked_at=Question.asked_at - 2 * REST))
    let_pass(context, REST)

    assert announce(context) == {}

    assert len(mturk.mails) == 1


def test_nobody_is_told_twice_within_six_hours(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_workers(context, 1)
    have_asked(context, job)
    announce(context)
    have_asked(context, job)

    announce(context)
    assert len(mturk.mails) == 1

    let_pass(context, REST)
    announce(context)
    assert len(mturk.mails) == 2


def test_without_a_question_to_answer_nobody_is_told(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_workers(context, 1)
    have_asked(context, job)
    (hit,) = mturk.hits.values()
    for worker in ("W1", "W2"):
        mturk.submit(hit, worker, {"1": "new_face"})

    assert announce(context) == {}


def test_whom_no_mail_reaches_is_tried_again_or_given_up(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_workers(context, 2)
    mturk.unreachable = {"W000": "SoftFailure", "W001": "HardFailure"}
    have_asked(context, job)

    assert announce(context) == {"e-mails that reached nobody": 1}
    announce(context)

    assert mturk.mails == [["W000", "W001"], ["W000"]]


def test_a_dry_run_only_counts(context: Services, mturk: MTurk, job: VideoJob) -> None:
    add_workers(context, 3)
    have_asked(context, job)

    assert [chore.what for chore in JOB.find(context)] == ["tell 3 workers of 1 tasks"]

    assert mturk.mails == []
    with context.sessions() as session:
        assert session.scalars(select(MTurkWorker.told_at)).all() == [None] * 3
