import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from harness.aws import aws
from harness.graph import TOKEN, Graph, Reply, served
from harness.pipeline import Pipeline, wait_until
from harness.queues import Queues, link, make_queues, unlink
from harness.shared_faces import SharedFaces, labelled_faces
from harness.users import add_user
from vib.db.models import Asset, Contact, Link, LinkStatus, Media
from vib.facebook.names import workflow_id
from vib.faces.photograph import PhotographFaces
from vib.local.processes import Processes
from vib.local.receiver import Receiver
from vib.recognisers.recogniser import NAMED, StoredFace
from vib.services import Services

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROCESSES = ("decider", "facebook", "create-contacts")


class HeldGraph(Graph):
    """A Facebook whose pictures come when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for_pictures = Event()
        self.let_go = Event()

    def answer(self, address: str, authorization: str | None) -> Reply:
        if address.startswith("/pictures/"):
            self.asked_for_pictures.set()
            self.let_go.wait(60)
        return super().answer(address, authorization)


@pytest.fixture
def graph() -> Iterator[HeldGraph]:
    graph = HeldGraph()
    with served(graph):
        yield graph


@pytest.fixture
def queues(context: Services, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    """The queue of requests, named by the environment of all that is started from now on."""
    assert context
    with aws() as endpoint_url:
        queues = make_queues(endpoint_url, VisibilityTimeout="5")
        for name, value in {**queues.settings, "VIB_FACEBOOK_GRAPH_URL": graph.url}.items():
            monkeypatch.setenv(name, value)
        yield queues


@pytest.fixture
def people() -> dict[str, list[str]]:
    """Photographs of people, by their names; of each there are some."""
    people = defaultdict(list)
    for name, who in labelled_faces().identities.items():
        people[who].append(name)
    return {who: sorted(names) for who, names in people.items() if len(names) > 1}


@pytest.fixture
def pipeline(
    context: Services, queues: Queues, web: Receiver, tmp_path: Path
) -> Iterator[Pipeline]:
    assert queues
    with Processes(tmp_path / "logs") as processes:
        pipeline = Pipeline(context, web, processes, add_user(context))
        for name in PROCESSES:
            pipeline.start(name)
        yield pipeline


def link_status(pipeline: Pipeline) -> str | None:
    with pipeline.context.sessions() as session:
        return session.scalar(select(Link.status).filter_by(user_id=pipeline.user_id))


def restart(pipeline: Pipeline, name: str) -> None:
    pipeline.kill(name)
    pipeline.start(name)


def test_friends_become_known_faces_though_every_process_is_killed_and_unlinking_ends_that(
    pipeline: Pipeline,
    queues: Queues,
    graph: HeldGraph,
    people: dict[str, list[str]],
    tmp_path: Path,
) -> None:
    shared = labelled_faces()
    for number, (who, names) in enumerate(people.items(), start=1):
        graph.add(number, who.replace("_", " "), (shared.folder / names[0]).read_bytes())
    graph.add(100, "Nobody in Sight")

    queues.send(link(pipeline.user_id))
    wait_until(lambda: link_status(pipeline) is not None)
    restart(pipeline, "create-contacts")
    graph.asked_for_pictures.wait()
    restart(pipeline, "decider")
    restart(pipeline, "facebook")
    graph.let_go.set()
    wait_until(lambda: link_status(pipeline) == LinkStatus.LINKED)

    assert_friends_are_known(pipeline, shared, people)
    history = pipeline.context.swf.execution(workflow_id(pipeline.user_id)).history()
    logs = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert TOKEN not in json.dumps(history, default=str)
    assert TOKEN not in logs

    queues.send(unlink(pipeline.user_id))
    wait_until(lambda: link_status(pipeline) is None)

    with pipeline.context.sessions() as session:
        assert session.scalars(select(func.count()).select_from(Contact)).one() == 0
        assert session.scalars(select(func.count()).select_from(Media)).one() == 0
    assert list(pipeline.context.storage.folders()) == []


def assert_friends_are_known(
    pipeline: Pipeline, shared: SharedFaces, people: dict[str, list[str]]
) -> None:
    """Each friend is one contact with one face, and is recognised on other photographs."""
    with pipeline.context.sessions() as session:
        contacts = session.scalars(select(Contact)).all()
        keys = session.scalars(select(Asset.key).filter_by(asset_type="fb_face")).all()
    assert len(contacts) == len(people) + 1
    assert len(keys) == len(set(keys)) == len(people)
    assert all(pipeline.context.storage.exists(key) for key in keys)
    names = {contact.id: contact.name for contact in contacts}
    finder, named = PhotographFaces(), []
    for who, names_of_pictures in people.items():
        shot = finder.find((shared.folder / names_of_pictures[1]).read_bytes())[0]
        assert shot.embedding is not None
        seen = StoredFace(uuid4(), "unused", shot.embedding)
        with pipeline.context.sessions() as session:
            first = pipeline.context.recogniser.candidates(
                session, pipeline.user_id, [seen], media_id=uuid4()
            )[0]
        if first.likeness >= NAMED:
            assert names[first.contact_id] == who.replace("_", " ")
            named.append(who)
    assert len(named) > len(people) / 2
