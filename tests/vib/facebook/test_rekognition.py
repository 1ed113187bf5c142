from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.aws_json import served
from harness.graph import Graph
from harness.rekognition import Rekognition
from harness.users import add_user
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.forget import forget_contact
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
