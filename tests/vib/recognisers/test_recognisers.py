"""What every recogniser does: the embedded one, and Amazon Rekognition over HTTP."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from harness.aws_json import served
from harness.rekognition import Rekognition
from vib.db.models import Contact, Feature, User
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.results import RecognitionResult
from vib.recognisers.embedded import EmbeddedRecogniser
from vib.recognisers.recogniser import NAMED, SUGGESTED, Recogniser
from vib.recognisers.rekognition import RekognitionRecogniser

Picture = NDArray[np.uint8]


@pytest.fixture(params=["embedded", "rekognition"])
def recogniser(
    request: pytest.FixtureRequest,
    album: Any,
    detector: Detector,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Recogniser]:
    if request.param == "embedded":
        yield EmbeddedRecogniser()
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with served(Rekognition(detector, embedder)) as url:
        yield RekognitionRecogniser(album.storage, "vib", endpoint_url=url, region="us-east-1")


@pytest.fixture
def darker(astronaut: Picture) -> Picture:
    """The same person in another picture."""
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(astronaut)).enhance(0.6))


def test_somebody_is_found_by_a_face_that_was_learned(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture, darker: Picture
) -> None:
    ann = album.contact()
    recogniser.learn(album.user_id, [album.face(astronaut, ann)])
    seen = album.face(darker)

    (found,) = recogniser.candidates(session, album.user_id, [seen], media_id=uuid4())

    assert found.contact_id == ann
    assert NAMED < found.likeness <= 1


def test_somebody_else_is_not_taken_for_a_contact(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture, hopper: Picture
) -> None:
    recogniser.learn(album.user_id, [album.face(astronaut, album.contact())])
    seen = album.face(hopper)

    found = recogniser.candidates(session, album.user_id, [seen], media_id=uuid4())

    assert all(candidate.likeness < SUGGESTED for candidate in found)


def test_the_likeliest_contact_comes_first(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture, hopper: Picture
) -> None:
    ann, grace = album.contact(), album.contact()
    learned = [album.face(astronaut, ann), album.face(hopper, grace)]
    recogniser.learn(album.user_id, learned)
    seen = album.face(hopper[20:, 20:])

    found = recogniser.candidates(session, album.user_id, [seen], media_id=uuid4())

    assert found[0].contact_id == grace
    assert sorted(found, key=lambda candidate: -candidate.likeness) == found


def test_nobody_is_found_before_anything_was_learned(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture
) -> None:
    seen = album.face(astronaut)

    assert recogniser.candidates(session, album.user_id, [seen], media_id=uuid4()) == []


def test_another_users_contacts_are_not_found(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture
) -> None:
    recogniser.learn(album.user_id, [album.face(astronaut, album.contact())])
    other = User(email="bob@example.org")
    session.add(other)
    session.flush()

    seen = album.face(astronaut)

    assert recogniser.candidates(session, other.id, [seen], media_id=uuid4()) == []


def test_what_was_found_in_a_video_does_not_sway_its_next_run(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture
) -> None:
    media_id = album.video()
    face = album.face(astronaut, album.contact(), media_id=media_id)
    recogniser.learn(album.user_id, [face])

    assert recogniser.candidates(session, album.user_id, [face], media_id=media_id) == []


def test_a_face_that_changes_hands_is_the_new_contacts_at_once(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture
) -> None:
    wrong, right = album.contact(), album.contact()
    face = album.face(astronaut, wrong)
    recogniser.learn(album.user_id, [face])
    session.execute(
        update(Feature).where(Feature.asset_id == face.face_id).values(contact_id=right)
    )

    (found,) = recogniser.candidates(session, album.user_id, [face], media_id=uuid4())

    assert found.contact_id == right


def test_a_contact_that_was_deleted_is_nobody(
    recogniser: Recogniser, album: Any, session: Session, astronaut: Picture
) -> None:
    gone = album.contact()
    face = album.face(astronaut, gone)
    recogniser.learn(album.user_id, [face])
    session.execute(delete(Contact).where(Contact.id == gone))

    for _ in range(2):
        assert recogniser.candidates(session, album.user_id, [face], media_id=uuid4()) == []


def test_forgetting_what_was_never_learned_is_no_error(recogniser: Recogniser) -> None:
    recogniser.forget(uuid4(), [uuid4()])
    recogniser.forget(uuid4(), [])
    recogniser.forget_user(uuid4())


def jpeg(picture: Picture) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    return file.getvalue()


def test_a_good_picture_has_no_flaw(recogniser: Recogniser, album: Any, hopper: Picture) -> None:
    shot, _ = album.faces.largest(hopper)

    assert recogniser.flaw(shot.picture) is None


def test_a_small_picture_has_no_flaw_for_that(recogniser: Recogniser, hopper: Picture) -> None:
    small = Image.fromarray(hopper[60:420, 70:430]).resize((48, 48), Image.Resampling.BOX)

    assert recogniser.flaw(jpeg(np.asarray(small))) is None


def test_a_picture_of_a_thing_is_not_a_face(recogniser: Recogniser, coffee: Picture) -> None:
    assert recogniser.flaw(jpeg(coffee[100:300, 200:400])) is RecognitionResult.NOT_FACE


def test_a_face_before_a_face_is_two_faces(
    recogniser: Recogniser, astronaut: Picture, hopper: Picture
) -> None:
    front = Image.fromarray(astronaut[40:230, 155:295]).resize((154, 200))
    both = Image.fromarray(hopper)
    both.paste(front, (120, 220))

    assert recogniser.flaw(jpeg(np.asarray(both)[20:480, 40:500])) is RecognitionResult.TWO_FACE


def test_a_face_beside_a_face_is_no_flaw(
    recogniser: Recogniser, astronaut: Picture, hopper: Picture
) -> None:
    beside = Image.fromarray(astronaut[40:230, 155:295]).resize((154, 200))
    both = Image.fromarray(hopper)
    both.paste(beside, (340, 180))

    assert recogniser.flaw(jpeg(np.asarray(both)[20:480, 40:500])) is None
