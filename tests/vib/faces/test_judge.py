from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vib.faces.align import CHIP_LANDMARKS
from vib.faces.detect import Detection
from vib.faces.judge import Quality, judge, pose
from vib.faces.results import GOOD_SCORE

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def judged(look_at: Callable) -> Callable[[Picture], Quality]:
    return lambda picture: judge(*look_at(picture))


def shrunk(picture: Picture, side: int) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BOX))


def blurred(picture: Picture, radius: float) -> Picture:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def test_a_portrait_is_good(judged: Callable, astronaut: Picture, hopper: Picture) -> None:
    assert judged(astronaut).score > 0.85
    assert judged(hopper).score > 0.85


def test_the_smaller_a_face_the_lower_its_score(judged: Callable, astronaut: Picture) -> None:
    scores = [judged(shrunk(astronaut, side)).score for side in (512, 256, 160, 96)]

    assert scores == sorted(scores, reverse=True)
    assert scores[1] > GOOD_SCORE > scores[-1]  # 46 and 17 pixels wide


def test_the_more_blurred_a_face_the_lower_its_score(judged: Callable, astronaut: Picture) -> None:
    qualities = [judged(blurred(astronaut, radius)) for radius in (0, 1, 2, 7)]

    sharpness = [quality.sharpness for quality in qualities]
    scores = [quality.score for quality in qualities]
    assert sharpness == sorted(sharpness, reverse=True)
    assert scores == sorted(scores, reverse=True)
    assert scores[2] > GOOD_SCORE > scores[3]


def test_what_the_detector_doubts_is_bad(look_at: Callable, astronaut: Picture) -> None:
    face, chip = look_at(astronaut)

    assert judge(Detection(face.box, 0.7, face.landmarks), chip).score < GOOD_SCORE


def test_a_portrait_looks_ahead(judged: Callable, hopper: Picture) -> None:
    quality = judged(hopper)

    assert abs(quality.yaw) < 15
    assert abs(quality.pitch) < 20
    assert abs(quality.roll) < 10


def test_an_average_face_looks_straight_ahead() -> None:
    landmarks = CHIP_LANDMARKS.astype(np.float32)

    assert pose(landmarks) == pytest.approx((0, 0, 0), abs=5)


@pytest.mark.parametrize("degrees", [-60, -20, 20, 90])
def test_roll_is_how_far_a_face_is_tilted_clockwise(degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    upright = CHIP_LANDMARKS * 3 + 40

    yaw, pitch, roll = pose((upright @ turn).astype(np.float32))

    assert roll == pytest.approx(degrees, abs=0.1)
    assert (yaw, pitch) == pytest.approx(pose(upright.astype(np.float32))[:2], abs=0.1)


def test_a_nose_to_the_right_is_a_face_turned_right_and_its_mirror_image_left() -> None:
    landmarks = CHIP_LANDMARKS.astype(np.float32)
    landmarks[2, 0] += 10
    mirrored = (landmarks * [-1, 1])[[1, 0, 2, 4, 3]].astype(np.float32)

    assert 15 < pose(landmarks)[0] < 45
    assert pose(mirrored)[0] == pytest.approx(-pose(landmarks)[0], abs=0.1)


def test_a_nose_further_up_is_a_face_that_looks_up() -> None:
    landmarks = CHIP_LANDMARKS.astype(np.float32)
    landmarks[2, 1] -= 10

    assert 15 < pose(landmarks)[1] < 45


def test_a_profile_is_bad(look_at: Callable, astronaut: Picture) -> None:
    face, chip = look_at(astronaut)
    profile = face.landmarks.copy()
    # From the side, eyes and corners of the mouth nearly coincide, and the nose stands out.
    profile[[0, 3]] = profile[[1, 4]] - np.float32((10, 0))
    profile[2, 0] = profile[1, 0] + 25

    quality = judge(Detection(face.box, face.score, profile), chip)

    assert quality.yaw > 60
    assert quality.score < GOOD_SCORE
