from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.aws_json import served
from harness.graph import Graph
from harness.rekognition import Rekognition
from harness.users import add_user
from vib.facebook.names import media_id as picture_of
from vib.facebook.removal import remove_friends
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.forget import forget_contact, forget_media, forget_user
from vib.messages import FacebookJob
from vib.recognisers.recogniser import StoredFace
from vib.recognisers.rekognition import RekognitionRecogniser
from vib.services import Services
from vib.workflows.create_contacts import create_contacts
from vib.workflows.remove_contacts import remove_contacts

from .conftest import ask, contacts_of, jpeg


@pytest.fixture
def rekognition(
    context: Services, detector: Detector, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rekognition]:
    """Amazon Rekognition, which tells the context's faces apart."""
    rekognition = Rekognition(detector, embedder)
    with served(rekognition) as url:
        there = RekognitionRecogniser(context.storage, "test", endpoint_url=url, region="us-east-1")
        monkeypatch.setattr(context, "recogniser", there)
        yield rekognition


@pytest.fixture
def job(
    context: Services, graph: Graph, rekognition: Rekognition, astronaut: NDArray[np.uint8]
) -> FacebookJob:
    """A user who asks to be linked, and has one friend."""
    assert rekognition
    graph.add(1, "Eileen Collins", jpeg(astronaut))
    return ask(context, add_user(context))


def test_what_amazon_learns_after_a_contact_was_removed_is_forgotten(
    context: Services, rekognition: Rekognition, job: FacebookJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = f"test-{job.user_id}"
    learn = context.recogniser.learn

    def learn_late(user_id: UUID, faces: Sequence[StoredFace]) -> None:
        learn(user_id, faces)
        learned = list(rekognition.collections[collection])
        forget_contact(context, contacts_of(context, user_id)["Eileen Collins"].id)
        rekognition.collections[collection] = learned

    monkeypatch.setattr(context.recogniser, "learn", learn_late)

    create_contacts(job)

    assert rekognition.calls["IndexFaces"] > 0
    assert rekognition.collections[collection] == []


@pytest.mark.parametrize("remove", [forget_contact, forget_media, forget_user, remove_friends])
def test_what_amazon_learns_before_the_rows_go_is_forgotten_when_they_are_gone(
    context: Services,
    rekognition: Rekognition,
    job: FacebookJob,
    remove: Callable[[Services, UUID], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create_contacts(job)
    collection = f"test-{job.user_id}"
    learned = list(rekognition.collections[collection])
    contact_id = contacts_of(context, job.user_id)["Eileen Collins"].id
    whom = {forget_contact: contact_id, forget_media: picture_of(contact_id)}

    def after_learning(delete: Callable[[str], None]) -> Callable[[str], None]:
        def learn_and_delete(key: str) -> None:
            rekognition.collections[collection] = list(learned)
            delete(key)

        return learn_and_delete

    storage = context.storage
    monkeypatch.setattr(storage, "delete", after_learning(storage.delete))
    monkeypatch.setattr(storage, "delete_folder", after_learning(storage.delete_folder))

    remove(context, whom.get(remove, job.user_id))

    assert learned
    assert rekognition.collections.get(collection, []) == []


def test_amazon_learns_friends_once_and_forgets_them_with_their_contacts(
    context: Services,
    graph: Graph,
    rekognition: Rekognition,
    astronaut: NDArray[np.uint8],
    hopper: NDArray[np.uint8],
) -> None:
    graph.add(1, "Eileen Collins", jpeg(astronaut))
    graph.add(2, "Grace Hopper", jpeg(hopper))
    job = ask(context, add_user(context))

    create_contacts(job)
    collection = f"test-{job.user_id}"
    assert len(rekognition.collections[collection]) == 2

    forget_contact(context, contacts_of(context, job.user_id)["Grace Hopper"].id)
    assert len(rekognition.collections[collection]) == 1

    remove_contacts(job)
    assert rekognition.collections[collection] == []
