"""Between the workflow that waits and Mechanical Turk."""

import logging
import time
from pathlib import Path
from uuid import UUID

import boto3
import pytest
import urllib3
from sqlalchemy import delete, select, update

from harness.aws_json import FaultError
from harness.mturk import Hit, MTurk
from harness.tracks import add_contact, add_track
from harness.tracks import looks as look
from vib import keys
from vib.activities.ask_merge import ask_merge
from vib.activities.ask_names import ask_names
from vib.activities.face_recognize import face_recognize
from vib.activities.merge_tracks import merge_tracks
from vib.contacts.answering import answer_by_hand
from vib.contacts.merging import MOST_ITEMS
from vib.contacts.questions import workflow_id
from vib.db.models import Media, MTurkWorker, Question
from vib.errors import VibError
from vib.forget import forget_media
from vib.jobs.collect_mturk import JOB
from vib.jobs.run import run
from vib.messages import VideoJob
from vib.popeye.retry import retry
from vib.services import Services, services
from vib.workflows.ask_people import ask_people


@pytest.fixture
def hit(context: Services, mturk: MTurk, job: VideoJob) -> Hit:
    """The HIT about a video of which it is open who is in it; its workflow waits."""
    add_contact(context, job.user_id, look(0))
    add_track(context, job, 1, look(0.55))
    face_recognize(job)
    context.swf.start(ask_people, job, workflow_id=workflow_id(job.media_id))
    ask_names(job, merge_tracks(job, {}))
    (hit,) = mturk.hits.values()
    return hit


def collect(context: Services) -> dict[str, int]:
    """Run the job; how often what was done, and what failed."""
    outcome = run(context, JOB)
    return {**outcome.done, **({"failed": outcome.failed} if outcome.failed else {})}


def signals(context: Services, job: VideoJob) -> list[str]:
    """The ids of the answers that the workflow was told."""
    history = context.swf.execution(workflow_id(job.media_id)).history()
    return [
        event["workflowExecutionSignaledEventAttributes"]["input"]
        for event in history
        if event["eventType"] == "WorkflowExecutionSignaled"
    ]


def close_question(context: Services, job: VideoJob) -> None:
    with context.sessions.begin() as session:
        question = session.scalars(select(Question).filter_by(media_id=job.media_id)).one()
        question.closed_at = question.asked_at


def test_a_hit_shows_pictures_for_as_long_as_it_lives_and_nobodys_name(
    hit: Hit, job: VideoJob
) -> None:
    pictures = [urllib3.request("GET", address).status for address in hit.pictures]
    assert pictures == [200, 200]
    assert "X-Amz-Expires=13" in hit.pictures[0]  # a little less than 37 hours
    assert "Ann" not in hit.request["Question"]
    assert hit.request["LifetimeInSeconds"] == pytest.approx(36 * 3600, abs=60)
    assert hit.request["AssignmentDurationInSeconds"] == 3600
    assert hit.request["UniqueRequestToken"].startswith(f"recognize-1-{job.media_id}")
    assert hit.request["Reward"] == "0.05"


def test_what_tracks_are_one_person_is_one_hit_of_a_video(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    for number, value in ((1, 0.0), (2, 0.57)):
        add_track(context, job, number, look(value))
    face_recognize(job)

    ask_merge(job)
    ask_merge(job)

    (hit,) = mturk.hits.values()
    assert hit.request["UniqueRequestToken"].startswith(f"merge-{job.media_id}")
    assert hit.choices["2"] == ["1", "new", "notface", "badface", "twoface"]


def look_alikes(context: Services, job: VideoJob, count: int) -> None:
    """So many tracks, any two of which may be one person."""
    for number in range(count):
        embedding = look(0)
        embedding[number] = 0.4
        add_track(context, job, number + 1, embedding)


def test_the_largest_question_fits_into_a_hit(
    context: Services, mturk: MTurk, job: VideoJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", 1_200 * "x")  # part of every picture's address
    look_alikes(context, job, MOST_ITEMS)
    face_recognize(job)

    ask_merge(job)

    (hit,) = mturk.hits.values()
    assert len(hit.choices) == MOST_ITEMS
    assert 1_200 * "x" in hit.pictures[0]


def test_of_very_many_tracks_that_may_be_one_person_the_machine_decides(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    look_alikes(context, job, MOST_ITEMS + 1)
    face_recognize(job)

    assert ask_merge(job) == []

    assert mturk.hits == {}
    assert len(merge_tracks(job, {})) == MOST_ITEMS + 1


def test_a_hit_that_was_made_by_a_try_that_did_not_hear_of_it_is_found_again(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    with context.sessions.begin() as session:
        session.execute(update(Question).values(hit_id=None))

    ask_names(job, merge_tracks(job, {}))

    assert list(mturk.hits) == [hit.hit_id]
    with context.sessions() as session:
        mine = select(Question.hit_id).filter_by(media_id=job.media_id)
        assert session.scalars(mine).one() == hit.hit_id


def test_what_mechanical_turk_refuses_is_an_error(
    context: Services, mturk: MTurk, job: VideoJob
) -> None:
    add_contact(context, job.user_id, look(0))
    add_track(context, job, 1, look(0.55))
    face_recognize(job)
    mturk.faults.append(FaultError("RequestError", "InsufficientFunds"))

    with pytest.raises(Exception, match="InsufficientFunds"):
        ask_names(job, merge_tracks(job, {}))


def test_answers_are_told_to_the_workflow_and_paid(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    given = [mturk.submit(hit, worker, {"1": "new_face"}) for worker in ("W1", "W2")]

    assert collect(context) == {"answers accepted": 2}

    assert [each.status for each in given] == ["Approved", "Approved"]
    told = signals(context, job)
    assert len(told) == 2
    assert given[0].assignment_id in told[0]
    assert collect(context) == {}


def test_a_crash_before_an_answer_was_paid_repeats_the_answer_that_counts_once(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    given = mturk.submit(hit, "W1", {"1": "new_face"})
    # The list of HITs, that of answers; then the approval.
    mturk.faults.extend([None, None, FaultError("RequestError", "somebody pulled the plug")])

    assert collect(context) == {"failed": 1}
    assert given.status == "Submitted"
    assert collect(context) == {"answers accepted": 1}

    assert given.status == "Approved"
    first, second = signals(context, job)
    assert first == second


def test_nonsense_is_rejected_with_its_reason_and_somebody_else_is_asked(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    nonsense = mturk.submit(hit, "W1", {"1": "the queen"})
    unreadable = mturk.submit_text(hit, "W2", "hello")
    assert hit.is_done

    done = collect(context)

    assert done == {"answers rejected": 2, "HITs extended": 1}
    assert (nonsense.status, unreadable.status) == ("Rejected", "Rejected")
    assert "not to choose from" in nonsense.feedback
    assert signals(context, job) == []
    assert hit.most == 4
    assert collect(context) == {}
    mturk.submit(hit, "W3", {"1": "new_face"})
    assert collect(context) == {"answers accepted": 1}


def test_after_many_answers_that_are_none_nobody_else_is_asked(
    context: Services, mturk: MTurk, hit: Hit
) -> None:
    workers = 0
    while not hit.is_done:
        mturk.submit_text(hit, f"W{workers}", "hello")
        workers += 1
        assert "failed" not in collect(context)

    assert workers == 9


def test_where_a_third_opinion_is_wanted_the_hit_takes_one_more(
    context: Services, mturk: MTurk, hit: Hit
) -> None:
    with context.sessions.begin() as session:
        session.execute(update(Question).values(wanted=3))
    mturk.submit(hit, "W1", {"1": "new_face"})

    collect(context)
    collect(context)

    assert hit.most == 3


def test_an_answer_that_comes_too_late_is_paid_and_not_used_and_the_log_says_so(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob, caplog: pytest.LogCaptureFixture
) -> None:
    late = mturk.submit(hit, "W1", {"1": "new_face"})
    close_question(context, job)

    with caplog.at_level(logging.INFO):
        assert collect(context) == {"answers too late": 1, "HITs ended": 1}

    assert late.status == "Approved"
    assert signals(context, job) == []
    assert f"Answer {late.assignment_id} of W1 is paid and not used" in caplog.text
    time.sleep(0.01)  # the HIT ended at this moment
    assert collect(context) == {"HITs deleted": 1}
    assert mturk.hits == {}


def test_an_answer_to_a_workflow_that_has_ended_is_too_late(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    late = mturk.submit(hit, "W1", {"1": "new_face"})
    context.swf.execution(workflow_id(job.media_id)).terminate("the test says so")

    assert collect(context) == {"answers too late": 1}

    assert late.status == "Approved"


def test_answers_about_a_video_that_was_removed_do_nothing_and_are_paid(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    given = mturk.submit(hit, "W1", {"1": "new_face"})
    with context.sessions.begin() as session:
        session.execute(delete(Media).filter_by(id=job.media_id))

    assert collect(context) == {"answers too late": 1, "HITs ended": 1}

    assert given.status == "Approved"


def test_with_a_video_goes_what_people_are_asked_about_it(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob
) -> None:
    forget_media(context, job.media_id)

    assert not context.swf.execution(workflow_id(job.media_id)).is_open()
    assert [urllib3.request("GET", address).status for address in hit.pictures] == [404, 200]
    assert collect(context) == {"HITs ended": 1}
    time.sleep(0.01)  # the HIT ended at this moment
    assert collect(context) == {"HITs deleted": 1}
    assert mturk.hits == {}


def test_a_video_that_is_processed_again_from_its_start_is_asked_about_anew(
    context: Services, mturk: MTurk, hit: Hit, job: VideoJob, tiny_video: Path
) -> None:
    context.storage.save(keys.original(job.media_id), tiny_video)

    retry(context, job.media_id, from_start=True)

    assert not context.swf.execution(workflow_id(job.media_id)).is_open()
    ask_names(job, merge_tracks(job, {}))
    (anew,) = mturk.hits.keys() - {hit.hit_id}
    assert collect(context) == {"HITs ended": 1}
    assert not mturk.hits[anew].is_done


def test_hits_of_others_in_the_same_account_are_left_alone(context: Services, mturk: MTurk) -> None:
    client = boto3.client(
        "mturk", endpoint_url=context.settings.mturk_endpoint_url, region_name="us-east-1"
    )
    for annotation in ("somebody else's", f"vib production {UUID(int=1)}"):
        client.create_hit(
            MaxAssignments=1, LifetimeInSeconds=60, AssignmentDurationInSeconds=60, Reward="1",
            Title="a", Description="b", Question="c", RequesterAnnotation=annotation,
            UniqueRequestToken=annotation,
        )  # fmt: skip

    assert collect(context) == {}

    assert mturk.calls["ListAssignmentsForHIT"] == 0


def test_a_dry_run_only_counts(context: Services, mturk: MTurk, hit: Hit, job: VideoJob) -> None:
    given = mturk.submit(hit, "W1", {"1": "new_face"})

    assert [chore.what for chore in JOB.find(context)] == [
        f"review answer {given.assignment_id} to HIT {hit.hit_id}"
    ]

    assert given.status == "Submitted"
    assert signals(context, job) == []


def test_workers_who_answered_are_known(context: Services, mturk: MTurk, hit: Hit) -> None:
    mturk.submit(hit, "W-known", {"1": "new_face"})

    collect(context)

    with context.sessions() as session:
        assert session.get(MTurkWorker, "W-known") is not None


def test_an_answer_by_hand_decides_in_place_of_the_workers(
    context: Services, hit: Hit, job: VideoJob
) -> None:
    question_id = UUID(hit.request["RequesterAnnotation"].rpartition(" ")[2])

    answer_by_hand(context, question_id, {"1": "new_face"})

    (told,) = signals(context, job)
    assert '"final":true' in told.replace(" ", "")
    with pytest.raises(VibError, match="not to choose from"):
        answer_by_hand(context, question_id, {"1": "the queen"})
    close_question(context, job)
    with pytest.raises(VibError, match="Nobody waits"):
        answer_by_hand(context, question_id, {"1": "new_face"})


def test_where_nobody_is_asked_there_is_nothing_to_collect(
    context: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert context.asks_people
    monkeypatch.setenv("VIB_ASK_PEOPLE", "by_hand")
    services.cache_clear()

    with pytest.raises(VibError, match="VIB_ASK_PEOPLE is neither sandbox nor production"):
        list(JOB.find(services()))
