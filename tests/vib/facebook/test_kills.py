"""Linking and unlinking a user, killed before their lines in turn."""

from collections.abc import Iterator
from dataclasses import astuple
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from harness.graph import Graph
from harness.killing import Victim, open_here, victim
from harness.users import add_user
from vib.activities.list_friends import list_friends
from vib.db.models import Asset, Feature, Media
from vib.facebook import faces
from vib.forget import forget_user
from vib.messages import FacebookJob
from vib.services import Services
from vib.workflows.create_contacts import create_contacts
from vib.workflows.remove_contacts import remove_contacts

from .conftest import ask, contacts_of, jpeg, link_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEP = 29
LISTING = ("vib/activities/list_friends.py", "vib/facebook/links.py", "vib/facebook/friends.py")
LOOKING = (
    "vib/facebook/faces.py", "vib/storage/folder.py", "vib/db/faces.py", "vib/db/queries.py",
)  # fmt: skip
REMOVING = ("vib/facebook/removal.py", "vib/storage/folder.py")


@pytest.fixture(autouse=True)
def friends(
    context: Services,
    graph: Graph,
    hopper: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert context
    monkeypatch.setattr(faces, "open_photographs", open_here)
    monkeypatch.setenv("VIB_FACEBOOK_GRAPH_URL", graph.url)
    graph.page = 1
    graph.add(1, "Grace Hopper", jpeg(hopper))
    graph.add(2, "Nobody in Sight")


@pytest.fixture
def killed(friends: None) -> Iterator[Victim]:  # noqa: ARG001 - their environment is the victim's
    with victim() as process:
        yield process


def assert_linked_once(context: Services, user_id: UUID) -> None:
    """Both friends are contacts, and everything of the one's face is there once."""
    assert set(contacts_of(context, user_id)) == {"Grace Hopper", "Nobody in Sight"}
    with context.sessions() as session:
        (media,) = session.scalars(select(Media).filter_by(user_id=user_id))
        (asset,) = session.scalars(select(Asset).filter_by(media_id=media.id))
        assert session.get(Feature, asset.id) is not None
    assert contacts_of(context, user_id)["Grace Hopper"].picture_key == asset.key
    assert list(context.storage.keys(str(media.id))) == [asset.key]
    link = link_of(context, user_id)
    assert link is not None
    assert (link.status, link.sealed_token) == ("linked", None)


def assert_nothing_lies_about(context: Services) -> None:
    """Every folder in the storage is somebody's."""
    with context.sessions() as session:
        known = {str(media_id) for media_id in session.scalars(select(Media.id))}
    assert set(context.storage.folders()) <= known


def test_a_list_of_friends_that_is_killed_anywhere_is_completed_by_the_next_try(
    context: Services, killed: Victim
) -> None:
    line, done = 1 - STEP, False
    while not done:
        line += STEP
        job = ask(context, add_user(context))

        done = killed.survives("list friends", line, LISTING, user_id=job.user_id)
        create_contacts(job)

        assert_linked_once(context, job.user_id)
        forget_user(context, job.user_id)
    assert line > 40
    assert_nothing_lies_about(context)


def test_faces_that_are_killed_anywhere_are_completed_by_the_next_try(
    context: Services, killed: Victim
) -> None:
    line, done = 1 - STEP, False
    while not done:
        line += STEP
        job = ask(context, add_user(context))
        (batch,) = list_friends(job).batches or ()

        done = killed.survives(
            "add faces", line, LOOKING, user_id=job.user_id, batch=astuple(batch)
        )
        create_contacts(job)

        assert_linked_once(context, job.user_id)
        forget_user(context, job.user_id)
    assert line > 40
    assert_nothing_lies_about(context)


def test_an_unlink_that_is_killed_anywhere_is_completed_by_the_next_try_or_by_a_new_link(
    context: Services, killed: Victim
) -> None:
    line, done = 1 - STEP, False
    while not done:
        line += STEP
        job = ask(context, add_user(context))
        create_contacts(job)

        done = killed.survives("remove friends", line, REMOVING, user_id=job.user_id)

        if line % (2 * STEP) == 1:
            create_contacts(ask(context, job.user_id))
            assert_linked_once(context, job.user_id)
        remove_contacts(FacebookJob(job.user_id))
        assert contacts_of(context, job.user_id) == {}
        assert link_of(context, job.user_id) is None
        forget_user(context, job.user_id)
    assert line > 25
    assert_nothing_lies_about(context)
