from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from harness.graph import TOKEN, USER, VERSION, Graph, served
from harness.queues import Queues, make_queues
from harness.users import add_user
from vib.db.models import Contact, Link
from vib.facebook import consumer as consuming
from vib.facebook import links
from vib.facebook.consumer import Consumer
from vib.facebook.graph import GraphApi
from vib.facebook.names import workflow_id
from vib.facebook.pictures import Pictures
from vib.messages import FacebookJob
from vib.services import Services
from vib.workflows.create_contacts import create_contacts


@pytest.fixture
def graph() -> Iterator[Graph]:
    """Facebook, with one user who has no friends yet."""
    with served(Graph()) as graph:
        yield graph


@pytest.fixture
def context(shared_context: Services, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services, with that Facebook."""
    monkeypatch.setattr(shared_context, "graph", GraphApi(graph.url, VERSION))
    monkeypatch.setattr(shared_context, "pictures", Pictures(graph.url, ()))
    return shared_context


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    return file.getvalue()


def ask(context: Services, user_id: UUID, token: str = TOKEN) -> FacebookJob:
    """What `accept` writes for a link, without the workflow."""
    with context.sessions.begin() as session:
        links.ask(session, user_id, USER, context.token_seal.seal(token))
    return FacebookJob(user_id)


def link_of(context: Services, user_id: UUID) -> Link | None:
    with context.sessions() as session:
        return session.get(Link, (user_id, "facebook"))


def contacts_of(context: Services, user_id: UUID) -> dict[str | None, Contact]:
    """A user's contacts by name."""
    with context.sessions() as session:
        contacts = session.scalars(select(Contact).filter_by(user_id=user_id))
        return {contact.name: contact for contact in contacts}


@pytest.fixture
def linked(
    context: Services,
    graph: Graph,
    user_id: UUID,
    astronaut: NDArray[np.uint8],
    hopper: NDArray[np.uint8],
) -> FacebookJob:
    """A user with three friends, two of whom show their face, linked to Facebook."""
    graph.add(1, "Eileen Collins", jpeg(astronaut))
    graph.add(2, "Nobody in Sight")
    graph.add(3, "Grace Hopper", jpeg(hopper))
    job = ask(context, user_id)
    create_contacts(job)
    return job


@pytest.fixture
def queues(
    aws_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Queues:
    """Two queues of this test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return make_queues(aws_endpoint, **getattr(request, "param", {}))


@pytest.fixture
def consumer(context: Services, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    monkeypatch.setattr(consuming, "_POLL", 0)
    settings = context.settings.model_copy(
        update={
            "facebook_queue_url": queues.url,
            "facebook_dead_letter_queue_url": queues.dead_url,
        }
    )
    monkeypatch.setattr(context, "settings", settings)
    monkeypatch.setitem(vars(context), "sqs", queues.sqs)
    return Consumer(context)


def running(context: Services, user_id: UUID) -> str:
    info = context.swf.execution(workflow_id(user_id)).describe()["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    return str(info["workflowType"]["name"])
