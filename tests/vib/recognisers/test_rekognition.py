"""What only Amazon Rekognition does: collections, duplicates, faults. It speaks HTTP here."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from botocore.exceptions import ClientError
from numpy.typing import NDArray
from sqlalchemy import delete
from sqlalchemy.orm import Session

from harness.aws_json import FaultError, served
from harness.rekognition import Rekognition
from vib.db.models import Contact
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.recognisers.rekognition import RekognitionRecogniser

Picture = NDArray[np.uint8]


@pytest.fixture
def rekognition(detector: Detector, embedder: Embedder) -> Rekognition:
    return Rekognition(detector, embedder)


@pytest.fixture
def recogniser(
    rekognition: Rekognition, album: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RekognitionRecogniser]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with served(rekognition) as url:
        yield RekognitionRecogniser(album.storage, "staging", endpoint_url=url, region="us-east-1")


def known(rekognition: Rekognition, user_id: UUID) -> list[str]:
    return [face.external_id for face in rekognition.collections[f"staging-{user_id}"]]


def test_each_user_has_a_collection_of_faces_under_their_own_ids(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    face = album.face(astronaut, album.contact())

    recogniser.learn(album.user_id, [face])

    assert list(rekognition.collections) == [f"staging-{album.user_id}"]
    assert known(rekognition, album.user_id) == [str(face.face_id)]


def test_learning_twice_is_learning_once(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    face = album.face(astronaut, album.contact())

    recogniser.learn(album.user_id, [face])
    recogniser.learn(album.user_id, [face])

    assert known(rekognition, album.user_id) == [str(face.face_id)]


def test_a_collection_that_another_worker_made_meanwhile_is_used(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    face = album.face(astronaut, album.contact())
    rekognition.create_collection({"CollectionId": f"staging-{album.user_id}"})
    rekognition.faults.append(FaultError("ResourceNotFoundException"))

    recogniser.learn(album.user_id, [face])

    assert known(rekognition, album.user_id) == [str(face.face_id)]


def test_forgotten_faces_are_deleted_from_every_page(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    ann = album.contact()
    faces = [album.face(astronaut, ann) for _ in range(7)]
    recogniser.learn(album.user_id, faces)

    recogniser.forget(album.user_id, [face.face_id for face in faces[::2]])

    assert known(rekognition, album.user_id) == [str(face.face_id) for face in faces[1::2]]


def test_the_faces_of_a_deleted_contact_are_purged_when_they_are_met(
    recogniser: RekognitionRecogniser,
    rekognition: Rekognition,
    album: Any,
    session: Session,
    astronaut: Picture,
) -> None:
    gone = album.contact()
    face = album.face(astronaut, gone)
    recogniser.learn(album.user_id, [face])
    session.execute(delete(Contact).where(Contact.id == gone))

    recogniser.candidates(session, album.user_id, [face], media_id=uuid4())

    assert known(rekognition, album.user_id) == []


def test_a_users_collection_goes_with_the_user(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    recogniser.learn(album.user_id, [album.face(astronaut, album.contact())])

    recogniser.forget_user(album.user_id)

    assert rekognition.collections == {}


@pytest.mark.parametrize(
    "fault",
    [
        FaultError("ProvisionedThroughputExceededException"),
        FaultError("ThrottlingException"),
        FaultError("InternalServerError", status=500),
    ],
    ids=lambda fault: fault.code,
)
def test_what_passes_is_tried_again(
    recogniser: RekognitionRecogniser,
    rekognition: Rekognition,
    album: Any,
    session: Session,
    astronaut: Picture,
    *,
    fault: FaultError,
) -> None:
    face = album.face(astronaut, album.contact())
    recogniser.learn(album.user_id, [face])
    rekognition.faults.append(fault)

    found = recogniser.candidates(session, album.user_id, [face], media_id=uuid4())

    assert len(found) == 1
    assert rekognition.calls["SearchFacesByImage"] == 2


def test_what_does_not_pass_is_told(
    recogniser: RekognitionRecogniser, rekognition: Rekognition, album: Any, astronaut: Picture
) -> None:
    face = album.face(astronaut, album.contact())
    rekognition.faults.append(FaultError("AccessDeniedException", "not yours"))

    with pytest.raises(ClientError, match="not yours"):
        recogniser.learn(album.user_id, [face])


def test_a_picture_that_rekognition_sees_no_face_in_is_left_out(
    recogniser: RekognitionRecogniser,
    rekognition: Rekognition,
    album: Any,
    session: Session,
    astronaut: Picture,
) -> None:
    ann = album.contact()
    faceless, face = album.face(astronaut, ann), album.face(astronaut, ann)
    recogniser.learn(album.user_id, [face])
    rekognition.faults.append(FaultError("InvalidParameterException", "no faces in the image"))

    found = recogniser.candidates(session, album.user_id, [faceless, face], media_id=uuid4())

    assert [candidate.contact_id for candidate in found] == [ann]
