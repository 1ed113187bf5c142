from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

import swflow
from harness.graph import TOKEN, Graph, Reply, error
from vib.activities.add_faces import add_faces
from vib.activities.finish_link import finish_link
from vib.activities.list_friends import list_friends
from vib.db.models import Asset, Contact, Feature, Link, LinkStatus, Media
from vib.db.people import contacts_of as known_people
from vib.facebook import faces
from vib.facebook import friends as friends_of_users
from vib.facebook.graph import MOST_FRIENDS
from vib.facebook.names import media_id
from vib.faces.photograph import PhotographFaces
from vib.faces.results import RecognitionResult
from vib.messages import FacebookJob
from vib.recognisers.recogniser import NAMED, StoredFace
from vib.services import Services
from vib.workflows.create_contacts import create_contacts

from .conftest import ask, contacts_of, jpeg, link_of

Picture = NDArray[np.uint8]


def faces_of(context: Services, user_id: UUID) -> dict[str, tuple[Media, Asset, Feature]]:
    """The pictures of a user's friends by the name of the contact."""
    rows = (
        select(Contact.name, Media, Asset, Feature)
        .join(Feature, Feature.contact_id == Contact.id)
        .join(Asset, Asset.id == Feature.asset_id)
        .join(Media, Media.id == Asset.media_id)
        .where(Contact.user_id == user_id)
    )
    with context.sessions() as session:
        return {
            str(name): (media, asset, face) for name, media, asset, face in session.execute(rows)
        }


def test_every_friend_becomes_a_contact_with_a_face_if_their_picture_shows_one(
    context: Services, graph: Graph, linked: FacebookJob
) -> None:
    contacts = contacts_of(context, linked.user_id)
    faces = faces_of(context, linked.user_id)

    assert {name: contact.provider_id for name, contact in contacts.items()} == {
        "Eileen Collins": "1",
        "Nobody in Sight": "2",
        "Grace Hopper": "3",
    }
    assert {contact.provider for contact in contacts.values()} == {"facebook"}
    assert contacts["Nobody in Sight"].picture_uri is None
    assert contacts["Grace Hopper"].picture_uri == f"{graph.url}/pictures/3?signature=abc"
    assert set(faces) == {"Eileen Collins", "Grace Hopper"}
    media, asset, face = faces["Grace Hopper"]
    assert (media.media_type, media.status) == ("fb_face", "complete")
    assert (media.title, media.filename) == ("Grace Hopper", "Grace_Hopper-3.jpg")
    assert (asset.asset_type, asset.mimetype) == ("fb_face", "image/jpeg")
    assert contacts["Grace Hopper"].picture_key == asset.key
    assert face.recognition_result == RecognitionResult.HUMAN_RECOGNIZED
    with context.storage.local(asset.key) as path, Image.open(path) as shown:
        assert shown.size == (asset.width, asset.height)
    link = link_of(context, linked.user_id)
    assert link is not None
    assert (link.status, link.reason, link.sealed_token) == (LinkStatus.LINKED, None, None)


def test_a_friend_is_recognised_in_a_video_from_then_on(
    context: Services, linked: FacebookJob, hopper: Picture
) -> None:
    (shot,) = PhotographFaces().find(jpeg(np.ascontiguousarray(hopper[:, ::-1])))
    assert shot.embedding is not None
    seen = StoredFace(linked.user_id, "unused", shot.embedding)

    with context.sessions() as session:
        first, second = context.recogniser.candidates(
            session, linked.user_id, [seen], media_id=linked.user_id
        )

    assert first.contact_id == contacts_of(context, linked.user_id)["Grace Hopper"].id
    assert first.likeness >= NAMED > second.likeness


def test_pictures_that_show_nobody_for_sure_leave_bare_contacts(
    context: Services, graph: Graph, user_id: UUID, astronaut: Picture, coffee: Picture
) -> None:
    for number, picture in enumerate(
        [
            jpeg(coffee),
            jpeg(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)),
            b"Dear Grace",
            jpeg(astronaut)[:5_000],
            Reply(404, b""),
            Reply(200, b"<html>", {"Content-Type": "text/html"}),
            jpeg(np.asarray(Image.fromarray(astronaut).resize((72, 72)))),
        ]
    ):
        graph.add(number, f"Friend {number}", picture)
    job = ask(context, user_id)

    outcome = create_contacts(job)

    assert (outcome.contacts, outcome.faces, outcome.failures) == (7, 0, [])
    assert faces_of(context, user_id) == {}
    contacts = contacts_of(context, user_id).values()
    assert all(contact.picture_uri and contact.picture_key is None for contact in contacts)


def test_contacts_without_a_face_and_with_a_picture_elsewhere_are_shown_like_all(
    context: Services, graph: Graph, linked: FacebookJob
) -> None:
    with context.sessions() as session:
        known = {person.name: person for person in known_people(session, linked.user_id)}

    assert (known["Nobody in Sight"].videos, known["Nobody in Sight"].faces) == (0, 0)
    assert (known["Grace Hopper"].videos, known["Grace Hopper"].faces) == (0, 1)
    assert known["Grace Hopper"].picture_uri == f"{graph.url}/pictures/3?signature=abc"


def test_linking_is_done_once(context: Services, graph: Graph, linked: FacebookJob) -> None:
    calls = len(graph.calls)

    outcome = create_contacts(ask(context, linked.user_id))

    assert outcome.status == "The user's friends are contacts already."
    assert len(graph.calls) == calls
    link = link_of(context, linked.user_id)
    assert link is not None
    assert (link.status, link.sealed_token) == (LinkStatus.LINKED, None)


def test_contacts_of_facebook_that_were_there_before_are_linked_contacts(
    context: Services, graph: Graph, user_id: UUID
) -> None:
    graph.add(1, "Eileen Collins")
    with context.sessions.begin() as session:
        session.add(Contact(user_id=user_id, provider="facebook", provider_id="77", name="Ann"))

    outcome = create_contacts(ask(context, user_id))

    assert outcome.status == "The user's friends are contacts already."
    assert list(contacts_of(context, user_id)) == ["Ann"]
    assert graph.calls == []


def test_an_expired_token_ends_the_link_and_a_new_one_goes_on_with_it(
    context: Services, graph: Graph, user_id: UUID, astronaut: Picture
) -> None:
    for number in range(1, 6):
        graph.add(number, f"Friend {number}", jpeg(astronaut) if number == 5 else None)
    graph.answers.extend((None, error(400, 190, f"{TOKEN} has expired")))

    with pytest.raises(swflow.Failure, match="does not accept the access token") as failed:
        create_contacts(ask(context, user_id))

    assert failed.value.retry is False
    assert len(graph.calls) == 2
    link = link_of(context, user_id)
    assert link is not None
    assert (link.status, link.sealed_token) == (LinkStatus.FAILED, None)
    assert "does not accept" in str(link.reason)
    assert len(contacts_of(context, user_id)) == 3

    outcome = create_contacts(ask(context, user_id))

    assert (outcome.status, outcome.contacts, outcome.faces) == ("linked", 5, 1)


def test_what_facebook_has_trouble_with_is_asked_again(
    context: Services, graph: Graph, user_id: UUID
) -> None:
    graph.add(1, "Eileen Collins")
    graph.answers.extend([error(400, 4), error(500, 2), Reply(503, b"")])

    outcome = create_contacts(ask(context, user_id))

    assert (outcome.status, outcome.contacts) == ("linked", 1)
    assert len(graph.calls) == 4


def test_a_picture_that_is_not_to_be_had_now_is_fetched_later(
    context: Services, graph: Graph, user_id: UUID, astronaut: Picture, hopper: Picture
) -> None:
    graph.add(1, "Eileen Collins", Reply(503, b""))
    graph.add(2, "Grace Hopper", jpeg(hopper))
    job = ask(context, user_id)
    batch = list_friends(job).batches
    assert batch is not None

    with pytest.raises(faces.PicturesMissing, match="1 of 2 pictures"):
        add_faces(job, batch[0])
    assert set(faces_of(context, user_id)) == {"Grace Hopper"}

    assert graph.friends is not None
    graph.friends.clear()
    graph.add(1, "Eileen Collins", jpeg(astronaut))
    graph.add(2, "Grace Hopper", jpeg(hopper))
    assert add_faces(job, batch[0]) == 2


def test_pictures_that_are_never_to_be_had_do_not_fail_the_link(
    context: Services, graph: Graph, user_id: UUID
) -> None:
    graph.add(1, "Eileen Collins", Reply(503, b""))

    outcome = create_contacts(ask(context, user_id))

    assert (outcome.status, outcome.contacts, outcome.faces) == ("linked", 1, 0)
    assert len(outcome.failures) == 1
    link = link_of(context, user_id)
    assert link is not None
    assert link.status == LinkStatus.LINKED


def test_many_friends_go_in_batches(
    context: Services, graph: Graph, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(friends_of_users, "BATCH", 2)
    graph.page = 100
    for number in range(21):
        graph.add(number, f"Friend {number}", b"no picture")

    listed = list_friends(ask(context, user_id))

    assert (listed.friends, len(listed.batches or ())) == (21, 11)
    with context.sessions() as session:
        in_batches = [
            contact.id
            for batch in listed.batches or ()
            for contact in friends_of_users.friends_in(session, user_id, batch)
        ]
    assert sorted(in_batches) == sorted(
        contact.id for contact in contacts_of(context, user_id).values()
    )


def test_as_many_friends_as_there_may_be_keep_the_limits_of_swf(
    context: Services, graph: Graph, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    most_batches = MOST_FRIENDS // friends_of_users.BATCH
    monkeypatch.setattr(friends_of_users, "BATCH", 1)
    graph.page = 100
    for number in range(most_batches):
        graph.add(number, f"Friend {number}", b"no picture")

    listed = list_friends(ask(context, user_id))

    assert len(listed.batches or ()) == most_batches
    assert len(list_friends.codec.dump_result(listed)) < 32_768
    # An activity and each of its retries are some six events, of 25,000 that there may be.
    assert most_batches * 6 * 7 < 25_000


@pytest.mark.parametrize("name", ["Grace O'Hopper-Smith", "Ġrâce 葛", "a/b\\..", "G\0race", " "])
def test_friends_may_have_any_name(
    context: Services, graph: Graph, user_id: UUID, hopper: Picture, name: str
) -> None:
    graph.add(1, name, jpeg(hopper))

    outcome = create_contacts(ask(context, user_id))

    assert outcome.faces == 1
    media, _, _ = faces_of(context, user_id)[name.replace("\0", "")]
    assert media.filename.removesuffix(".jpg").rpartition("-")[2] == "1"


def test_a_name_that_the_user_chose_stays(context: Services, graph: Graph, user_id: UUID) -> None:
    graph.add(1, "Eileen Collins")
    job = ask(context, user_id)
    list_friends(job)
    with context.sessions.begin() as session:
        session.scalars(select(Contact).filter_by(user_id=user_id)).one().name = "Aunt Eileen"

    list_friends(ask(context, user_id))

    assert list(contacts_of(context, user_id)) == ["Aunt Eileen"]


def test_a_friend_who_is_forgotten_meanwhile_does_not_come_back(
    context: Services, graph: Graph, user_id: UUID, hopper: Picture
) -> None:
    graph.add(1, "Grace Hopper", jpeg(hopper))
    job = ask(context, user_id)
    (batch,) = list_friends(job).batches or ()
    with context.sessions.begin() as session:
        (friend,) = friends_of_users.friends_in(session, user_id, batch)
        session.delete(friend)

    assert faces.add_faces(context, [friend]) == 0
    assert add_faces(job, batch) == 0
    with context.sessions() as session:
        assert session.get(Media, media_id(friend.id)) is None


def tables(context: Services, user_id: UUID) -> list[list[dict[str, str]]]:
    """All that the database says of a user, but for when it was written."""
    volatile = {"created_at", "updated_at"}
    media = select(Media.id).filter_by(user_id=user_id)
    assets = select(Asset.id).where(Asset.media_id.in_(media))
    with context.sessions() as session:
        return [
            [
                {
                    column.key: str(getattr(row, column.key))
                    for column in model.__table__.columns
                    if column.key not in volatile
                }
                for row in session.scalars(select(model).where(theirs).order_by(order))
            ]
            for model, theirs, order in (
                (Contact, Contact.user_id == user_id, Contact.id),
                (Link, Link.user_id == user_id, Link.provider),
                (Media, Media.user_id == user_id, Media.id),
                (Asset, Asset.media_id.in_(media), Asset.id),
                (Feature, Feature.asset_id.in_(assets), Feature.asset_id),
            )
        ]


def files(context: Services, user_id: UUID) -> dict[str, bytes]:
    with context.sessions() as session:
        media = session.scalars(select(Media.id).filter_by(user_id=user_id)).all()
    found = {}
    for key in [key for each in media for key in context.storage.keys(str(each))]:
        with context.storage.local(key) as path:
            found[key] = path.read_bytes()
    return found


def test_an_activity_that_runs_twice_leaves_what_it_leaves_when_it_runs_once(
    context: Services, graph: Graph, user_id: UUID, astronaut: Picture, hopper: Picture
) -> None:
    graph.add(1, "Eileen Collins", jpeg(astronaut))
    graph.add(2, "Nobody in Sight")
    graph.add(3, "Grace Hopper", jpeg(hopper))
    job = ask(context, user_id)

    listed = list_friends(job)
    once = tables(context, user_id)
    assert list_friends(job) == listed
    assert tables(context, user_id) == once
    assert len(graph.calls) == 1

    (batch,) = listed.batches or ()
    assert add_faces(job, batch) == 2
    all_once = tables(context, user_id), files(context, user_id)
    assert add_faces(job, batch) == 2
    assert (tables(context, user_id), files(context, user_id)) == all_once
    assert len(all_once[1]) == 2

    finish_link(job, None)
    once = tables(context, user_id)
    finish_link(job, None)
    assert tables(context, user_id) == once
