"""What people are asked about, and what becomes of what they say."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from harness.tracks import add_contact, add_track, add_video, looks, results
from harness.users import add_user
from vib.activities.ask_again import ask_again
from vib.activities.ask_merge import ask_merge
from vib.activities.ask_names import ask_names
from vib.activities.face_recognize import face_recognize
from vib.activities.merge_tracks import merge_tracks
from vib.activities.name_people import name_people
from vib.activities.notify_people import notify_people
from vib.contacts.items import Item, NonsenseError, check, items_of
from vib.db.models import Contact, Feature, Question
from vib.forget import forget_media
from vib.messages import Person, Recognition, VideoJob
from vib.recognisers.recogniser import StoredFace
from vib.services import Services, services

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def context(asking_by_hand: Services) -> Services:
    return asking_by_hand


@pytest.fixture
def job(context: Services) -> VideoJob:
    return add_video(context, add_user(context))


@pytest.fixture
def learned(context: Services, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The faces that the recogniser was given to learn."""
    faces: list[UUID] = []

    def learn(_: UUID, given: Sequence[StoredFace]) -> None:
        faces.extend(face.face_id for face in given)

    monkeypatch.setattr(context.recogniser, "learn", learn)
    return faces


def asked_of(context: Services, job: VideoJob) -> list[Item]:
    """All that is asked about a video."""
    with context.sessions() as session:
        questions = session.scalars(select(Question).filter_by(media_id=job.media_id)).all()
    return [item for question in questions for item in items_of(question)]


def names(items: Sequence[Item]) -> dict[str, list[str]]:
    return {item.name: [choice.value for choice in item.choices] for item in items}


# What is in doubt.


def test_whom_the_machine_knows_well_and_whom_nobody_looks_like_it_settles_by_itself(
    context: Services, job: VideoJob
) -> None:
    ann = add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.3))
    add_track(context, job, 2, looks(5))

    assert face_recognize(job) == Recognition(people=2, unsure=0)

    found = results(context, job)
    assert found[1] == ("machine_recognized", ann)
    assert found[2][0] == "new_face"
    assert ask_merge(job) == []


def test_somebody_between_known_and_stranger_is_left_to_people(
    context: Services, job: VideoJob
) -> None:
    add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.55))

    assert face_recognize(job) == Recognition(people=0, unsure=1)

    assert results(context, job) == {1: (None, None)}


def test_a_suggestion_without_a_picture_is_none(context: Services, job: VideoJob) -> None:
    ann = add_contact(context, job.user_id, looks(0))
    with context.sessions.begin() as session:
        session.get_one(Contact, ann).picture_key = None
    add_track(context, job, 1, looks(0.55))

    face_recognize(job)

    assert results(context, job)[1][0] == "new_face"


def test_where_nobody_is_asked_the_machine_decides_everything(
    context: Services, job: VideoJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.55))
    monkeypatch.setenv("VIB_ASK_PEOPLE", "off")
    services.cache_clear()

    assert face_recognize(job) == Recognition(people=1, unsure=0)

    assert results(context, job)[1][0] == "new_face"


def test_tracks_that_may_be_one_person_are_asked_about_each_with_those_below_it(
    context: Services, job: VideoJob
) -> None:
    add_track(context, job, 1, looks(0))
    add_track(context, job, 2, looks(0.1))
    add_track(context, job, 3, looks(0.62))
    add_track(context, job, 4, looks(9))

    assert face_recognize(job) == Recognition(people=1, unsure=2)
    ask_merge(job)

    items = asked_of(context, job)
    flaws = ["new", "notface", "badface", "twoface"]
    assert names(items) == {"1": flaws, "3": ["1", *flaws]}
    assert [item.tracks for item in items] == [[1, 2], [3]]
    assert all(context.storage.exists(item.picture) for item in items)


# What people say of tracks.


@pytest.fixture
def doubtful(context: Services, job: VideoJob) -> VideoJob:
    """A video of which people are asked whether its tracks 1 and 2, and 3, are one person."""
    for number, value in ((1, 0.0), (2, 0.1), (3, 0.62)):
        add_track(context, job, number, looks(value))
    face_recognize(job)
    ask_merge(job)
    return job


def test_tracks_that_are_the_same_become_one_person(context: Services, doubtful: VideoJob) -> None:
    people = merge_tracks(doubtful, {"1": "new", "3": "1"})
    assert people == [Person([1, 2, 3], by_people=True)]

    assert ask_names(doubtful, people) == []

    found = results(context, doubtful)
    assert {result for result, _ in found.values()} == {"new_face"}
    assert len({contact for _, contact in found.values()}) == 1


def test_tracks_that_are_not_the_same_become_two(context: Services, doubtful: VideoJob) -> None:
    people = merge_tracks(doubtful, {"1": "new", "3": "new"})
    ask_names(doubtful, people)

    found = results(context, doubtful)
    assert found[1] == found[2] != found[3]


@pytest.mark.parametrize(
    ("says", "result"),
    [("notface", "not_face"), ("badface", "bad_face"), ("twoface", "two_face")],
)
def test_a_flaw_that_people_see_is_written_and_the_track_is_nobodys(
    context: Services, doubtful: VideoJob, says: str, result: str
) -> None:
    people = merge_tracks(doubtful, {"1": "new", "3": says})
    ask_names(doubtful, people)

    assert results(context, doubtful)[3] == (result, None)
    assert results(context, doubtful)[1][0] == "new_face"


def test_the_same_as_something_that_is_no_face_is_a_person_alone(doubtful: VideoJob) -> None:
    assert merge_tracks(doubtful, {"1": "notface", "3": "1"}) == [Person([3], by_people=True)]


@pytest.mark.parametrize(("third", "together"), [(0.58, True), (0.62, False)])
def test_where_nobody_says_anything_the_machine_groups_as_it_would_have(
    context: Services, job: VideoJob, third: float, together: bool
) -> None:
    for number, value in ((1, 0.0), (2, 0.1), (3, third)):
        add_track(context, job, number, looks(value))
    face_recognize(job)
    ask_merge(job)

    people = merge_tracks(job, {})

    groups = [[1, 2, 3]] if together else [[1, 2], [3]]
    assert people == [Person(group, by_people=False) for group in groups]


def test_whoever_is_the_same_as_somebody_known_is_known(context: Services, job: VideoJob) -> None:
    ann = add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.4))
    add_track(context, job, 2, looks(0.97))
    assert face_recognize(job) == Recognition(people=1, unsure=1)
    ask_merge(job)

    ask_names(job, merge_tracks(job, {"1": "new", "2": "1"}))

    assert results(context, job) == {
        1: ("machine_recognized", ann),
        2: ("human_recognized", ann),
    }


def test_people_are_asked_once(doubtful: VideoJob) -> None:
    merge_tracks(doubtful, {"1": "new", "3": "1"})

    assert ask_merge(doubtful) == []


# What people say of who somebody is.


@pytest.fixture
def unknown(context: Services, job: VideoJob) -> tuple[VideoJob, UUID, list[Person]]:
    """A video with somebody who may be a contact; people are asked."""
    ann = add_contact(context, job.user_id, looks(0))
    add_track(context, job, 1, looks(0.55))
    add_track(context, job, 2, looks(0.56), yaw=60)
    face_recognize(job)
    people = merge_tracks(job, {})
    ask_names(job, people)
    return job, ann, people


def test_people_choose_among_the_likely_contacts(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, ann, _ = unknown

    assert names(asked_of(context, job)) == {"1": [str(ann), "new_face"]}


def test_a_contact_who_is_chosen_is_recognised_by_humans_and_the_machine_learns_from_it(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]], learned: list[UUID]
) -> None:
    job, ann, people = unknown

    name_people(job, people, {"1": str(ann)})

    assert results(context, job) == {1: ("human_recognized", ann), 2: ("human_recognized", ann)}
    with context.sessions() as session:
        ahead = session.scalars(
            select(Feature.asset_id).filter_by(contact_id=ann, track_id=1)
        ).all()
    assert len(learned) == 1  # the face that is turned away teaches nothing
    assert learned[0] in ahead


def test_somebody_unlike_all_contacts_is_a_new_one_with_their_best_picture(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, ann, people = unknown

    name_people(job, people, {"1": "new_face"})

    (result, contact_id) = results(context, job)[1]
    assert result == "new_face"
    assert contact_id != ann
    with context.sessions() as session:
        picture = session.get_one(Contact, contact_id).picture_key
    assert picture is not None
    assert context.storage.exists(picture)


def test_a_contact_who_was_deleted_meanwhile_is_a_new_one(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, ann, people = unknown
    with context.sessions.begin() as session:
        session.execute(delete(Contact).filter_by(id=ann))

    name_people(job, people, {"1": str(ann)})

    assert results(context, job)[1][0] == "new_face"


def test_another_users_contact_is_nobody(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, _, people = unknown
    stranger = add_contact(context, add_user(context), looks(0))

    name_people(job, people, {"1": str(stranger)})

    assert results(context, job)[1][0] == "new_face"


def test_what_is_no_contact_at_all_is_a_new_one(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, _, people = unknown

    name_people(job, people, {"1": "the queen"})

    assert results(context, job)[1][0] == "new_face"


def test_without_an_answer_somebody_is_a_new_contact(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, _, people = unknown

    name_people(job, people, {})

    assert results(context, job)[1][0] == "new_face"


# At least once.


def test_each_activity_that_runs_twice_leaves_the_rows_as_if_it_ran_once(
    context: Services, job: VideoJob
) -> None:
    ann = add_contact(context, job.user_id, looks(0, 3))
    for number, look in ((1, looks(0)), (2, looks(0.57)), (3, looks(0, 3.55)), (4, looks(7))):
        add_track(context, job, number, look)

    def twice(activity: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        first, once = activity(*given, **named), rows(context, job)
        assert activity(*given, **named) == first
        assert rows(context, job) == once
        return first

    twice(face_recognize, job)
    (asked,) = twice(ask_merge, job)
    twice(ask_again, asked.question_id, asked.wanted + 2)
    people = twice(merge_tracks, job, {"1": "new", "2": "notface"})
    assert len(twice(ask_names, job, people)) == 1
    twice(name_people, job, people, {"3": str(ann)})
    twice(notify_people, job)
    assert {number: result for number, (result, _) in results(context, job).items()} == {
        1: "new_face",
        2: "not_face",
        3: "human_recognized",
        4: "new_face",
    }


def rows(context: Services, job: VideoJob) -> list[object]:
    """All that the tables say of a video's people."""
    with context.sessions() as session:
        questions = session.scalars(
            select(Question).filter_by(media_id=job.media_id).order_by(Question.kind)
        ).all()
        contacts = session.scalars(select(Contact).filter_by(user_id=job.user_id)).all()
    return [
        results(context, job),
        [(each.id, each.items, each.wanted, each.closed_at) for each in questions],
        {(each.id, each.picture_key) for each in contacts},
    ]


# What is no answer.


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"1": "new"}, "Picture 3 has no answer"),
        ({"1": "new", "3": "7"}, "not to choose from"),
        ({"1": "new", "3": "1", "9": "new"}, "no picture '9'"),
    ],
)
def test_an_answer_that_is_none_is_told_so(
    context: Services, doubtful: VideoJob, choices: dict[str, str], why: str
) -> None:
    with context.sessions() as session:
        question = session.scalars(select(Question).filter_by(media_id=doubtful.media_id)).one()

    with pytest.raises(NonsenseError, match=why):
        check(question, choices)


def test_nothing_is_asked_and_nothing_applied_of_a_video_that_is_gone(
    context: Services, unknown: tuple[VideoJob, UUID, list[Person]]
) -> None:
    job, ann, people = unknown
    forget_media(context, job.media_id)

    assert ask_merge(job) == []
    assert merge_tracks(job, {}) == []
    assert ask_names(job, people) == []
    name_people(job, people, {"1": str(ann)})

    assert asked_of(context, job) == []
    with context.sessions() as session:
        assert session.scalars(select(Contact.id).filter_by(user_id=job.user_id)).all() == [ann]
