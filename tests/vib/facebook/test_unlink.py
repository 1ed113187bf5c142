from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from harness.graph import Graph
from harness.jobs import sync
from harness.users import add_user, take_in
from vib.activities.remove_friends import remove_friends
from vib.db.models import Asset, AssetType, Contact, Feature, Media
from vib.db.queries import save_asset
from vib.errors import VibError
from vib.facebook.names import media_id, workflow_id
from vib.facebook.requests import FacebookRequest, accept
from vib.forget import forget_contact, forget_media, forget_user
from vib.messages import FacebookJob
from vib.popeye.retry import retry
from vib.services import Services
from vib.workflows.create_contacts import create_contacts
from vib.workflows.remove_contacts import remove_contacts

from .conftest import ask, contacts_of, jpeg, link_of

Picture = NDArray[np.uint8]


def pictures_of(context: Services, user_id: UUID) -> list[UUID]:
    """The friends' pictures that the database knows of."""
    with context.sessions() as session:
        pictures = select(Media.id).filter_by(user_id=user_id, media_type="fb_face")
        return list(session.scalars(pictures))


def faces_known(context: Services, user_id: UUID) -> int:
    """The faces of all kinds that the database knows of a user."""
    with context.sessions() as session:
        faces = select(func.count()).select_from(Feature).join(Asset).join(Media)
        return session.scalars(faces.where(Media.user_id == user_id)).one()


def see(context: Services, contact_id: UUID, folder: UUID) -> str:
    """Have somebody seen in a video; the key of the face's picture."""
    with context.sessions.begin() as session:
        key = f"{folder}/face"
        asset_id = save_asset(
            session, media_id=folder, asset_type=AssetType.FACE, name="1_0", key=key,
            mimetype="image/jpeg", bytes=1, width=1, height=1,
        )  # fmt: skip
        session.add(
            Feature(
                asset_id=asset_id, contact_id=contact_id, track_id=1, track_first_seen=0,
                track_last_seen=1, coordinates={}, detection_confidence=0.9, score=0.1,
            )
        )  # fmt: skip
    return key


@pytest.fixture
def seen(context: Services, linked: FacebookJob, tiny_video: Path) -> tuple[UUID, str]:
    """Grace Hopper, who is seen in a video of the user too, and the picture of her face there."""
    contact = contacts_of(context, linked.user_id)["Grace Hopper"]
    job = take_in(context, tiny_video, linked.user_id)
    return contact.id, see(context, contact.id, job.media_id)


def test_unlinking_removes_what_linking_made(context: Services, linked: FacebookJob) -> None:
    pictures = pictures_of(context, linked.user_id)
    assert len(pictures) == 2

    outcome = remove_contacts(linked)

    assert (outcome.status, outcome.contacts, outcome.faces) == ("unlinked", 3, 0)
    assert contacts_of(context, linked.user_id) == {}
    assert pictures_of(context, linked.user_id) == []
    assert faces_known(context, linked.user_id) == 0
    assert not any(list(context.storage.keys(str(picture))) for picture in pictures)
    assert link_of(context, linked.user_id) is None


def test_who_is_seen_in_videos_stays_by_name_and_by_the_faces_there(
    context: Services, linked: FacebookJob, seen: tuple[UUID, str]
) -> None:
    contact_id, key = seen

    outcome = remove_contacts(linked)

    assert (outcome.contacts, outcome.faces) == (2, 1)
    (kept,) = contacts_of(context, linked.user_id).values()
    assert (kept.id, kept.name) == (contact_id, "Grace Hopper")
    assert (kept.provider, kept.provider_id, kept.picture_uri) == (None, None, None)
    assert kept.picture_key == key
    assert faces_known(context, linked.user_id) == 1


def test_whom_the_user_gave_an_address_stays(context: Services, linked: FacebookJob) -> None:
    with context.sessions.begin() as session:
        friend = session.scalars(select(Contact).filter_by(user_id=linked.user_id)).first()
        assert friend is not None
        friend.email = "friend@example.org"

    remove_contacts(linked)

    (kept,) = contacts_of(context, linked.user_id).values()
    assert (kept.email, kept.provider, kept.picture_key) == ("friend@example.org", None, None)


def test_a_later_link_works_and_knows_who_stayed(
    context: Services, linked: FacebookJob, seen: tuple[UUID, str]
) -> None:
    remove_contacts(linked)

    outcome = create_contacts(ask(context, linked.user_id))

    assert (outcome.status, outcome.contacts, outcome.faces) == ("linked", 3, 2)
    contacts = contacts_of(context, linked.user_id)
    assert len(contacts) == 3
    assert (contacts["Grace Hopper"].id, contacts["Grace Hopper"].provider_id) == (seen[0], "3")


def test_unlinking_twice_leaves_what_unlinking_once_leaves(
    context: Services, linked: FacebookJob, seen: tuple[UUID, str]
) -> None:
    remove_friends(linked)
    once = [contact.id for contact in contacts_of(context, linked.user_id).values()]

    remove_friends(linked)

    assert [contact.id for contact in contacts_of(context, linked.user_id).values()] == once
    assert once == [seen[0]]


def test_who_was_never_linked_may_be_unlinked(user_id: UUID) -> None:
    assert remove_contacts(FacebookJob(user_id)).contacts == 0


def test_other_users_and_other_contacts_lose_nothing(
    context: Services, linked: FacebookJob
) -> None:
    other = ask(context, add_user(context))
    create_contacts(other)
    with context.sessions.begin() as session:
        session.add(Contact(user_id=linked.user_id, name="Ann"))

    remove_contacts(linked)

    assert set(contacts_of(context, linked.user_id)) == {"Ann"}
    assert len(contacts_of(context, other.user_id)) == 3
    for picture in pictures_of(context, other.user_id):
        assert len(list(context.storage.keys(str(picture)))) == 1


def test_a_link_that_is_asked_for_while_the_last_rows_go_is_not_lost(
    context: Services, linked: FacebookJob
) -> None:
    ask(context, linked.user_id)

    remove_contacts(linked)

    assert create_contacts(linked).status == "linked"


def test_a_friend_who_is_forgotten_goes_with_their_picture(
    context: Services, linked: FacebookJob
) -> None:
    contact_id = contacts_of(context, linked.user_id)["Grace Hopper"].id

    forget_contact(context, contact_id)
    forget_contact(context, contact_id)

    assert set(contacts_of(context, linked.user_id)) == {"Eileen Collins", "Nobody in Sight"}
    assert list(context.storage.keys(str(media_id(contact_id)))) == []
    assert len(pictures_of(context, linked.user_id)) == faces_known(context, linked.user_id) == 1


def test_a_bare_friend_is_forgotten_like_any_other(context: Services, linked: FacebookJob) -> None:
    forget_contact(context, contacts_of(context, linked.user_id)["Nobody in Sight"].id)

    assert len(contacts_of(context, linked.user_id)) == 2


def test_a_user_goes_with_their_friends_and_the_workflow_about_them(
    context: Services, linked: FacebookJob
) -> None:
    pictures = pictures_of(context, linked.user_id)
    asked = {"user_uuid": linked.user_id, "action": "unlink"}
    accept(context, FacebookRequest.model_validate(asked))

    forget_user(context, linked.user_id)

    assert not any(list(context.storage.keys(str(picture))) for picture in pictures)
    assert pictures_of(context, linked.user_id) == []
    assert not context.swf.execution(workflow_id(linked.user_id)).is_open()


def test_a_friends_picture_is_no_video(context: Services, linked: FacebookJob) -> None:
    picture, *_ = pictures_of(context, linked.user_id)

    with pytest.raises(VibError, match="There is no video"):
        retry(context, picture)
    sync(context)
    assert len(list(context.storage.keys(str(picture)))) == 1

    forget_media(context, picture)
    contacts = contacts_of(context, linked.user_id).values()
    assert sorted(contact.picture_key is None for contact in contacts) == [False, True, True]


def test_two_friends_may_have_the_same_picture(
    context: Services, graph: Graph, user_id: UUID, hopper: Picture
) -> None:
    for number in (1, 2):
        graph.add(number, f"Friend {number}", jpeg(hopper))

    assert create_contacts(ask(context, user_id)).faces == 2
