from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.detect import Detector
from vib.faces.geometry import overlap

Picture = NDArray[np.uint8]


def scaled(picture: Picture, factor: float) -> Picture:
    image = Image.fromarray(picture)
    size = round(image.width * factor), round(image.height * factor)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def test_finds_a_face_and_what_is_in_it(detector: Detector, astronaut: Picture) -> None:
    (face,) = detector.detect(astronaut)

    assert overlap(face.box, (177, 65, 92, 130)) > 0.7
    assert face.score > 0.9
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_landmarks_lie_in_the_face(detector: Detector, hopper: Picture) -> None:
    (face,) = detector.detect(hopper)

    left, top, width, height = face.box
    assert ((face.landmarks > (left, top)) & (face.landmarks < (left + width, top + height))).all()


def test_boxes_and_landmarks_are_in_pixels_of_the_picture_given(
    detector: Detector, astronaut: Picture
) -> None:
    (face,) = detector.detect(scaled(astronaut, 1.25))  # 640 pixels: looked at as it is
    (enlarged,) = detector.detect(scaled(astronaut, 3.125))

    assert overlap(enlarged.box, face.scaled(2.5, 2.5).box) > 0.95
    np.testing.assert_allclose(enlarged.landmarks, face.landmarks * 2.5, atol=6)


def test_wide_pictures_are_looked_at_more_closely(detector: Detector, astronaut: Picture) -> None:
    wide = np.zeros((1080, 1920, 3), np.uint8)
    small = scaled(astronaut, 0.28)  # the face is 26 pixels wide: 9 of 640, 13 of 960
    wide[100 : 100 + len(small), 1700 : 1700 + small.shape[1]] = small

    assert len(detector.detect(wide)) == 1
    assert detector.detect(scaled(wide, 0.5)) == []


def test_each_of_several_faces_is_found_once_the_surest_first(
    detector: Detector, astronaut: Picture, hopper: Picture
) -> None:
    both = np.zeros((600, 1024, 3), np.uint8)
    both[:512, :512], both[:, 512:] = astronaut, hopper

    faces = detector.detect(both)

    assert len(faces) == 2
    assert faces[0].score >= faces[1].score
    assert sorted(face.box[0] > 512 for face in faces) == [False, True]


def test_a_face_at_the_edge_is_found(detector: Detector, astronaut: Picture) -> None:
    (face,) = detector.detect(astronaut[:, 190:])

    assert face.box[0] < 20


def test_finds_nobody_where_nobody_is(detector: Detector, coffee: Picture) -> None:
    assert detector.detect(coffee) == []


def test_pictures_of_any_size_are_taken(detector: Detector) -> None:
    for height, width in ((1, 1), (7, 3000), (33, 31), (640, 640)):
        assert detector.detect(np.full((height, width, 3), 128, np.uint8)) == []


def test_recall_and_precision_on_photographs(detector: Detector, shared_faces: Any) -> None:
    found = missed = wrong = 0
    for name in sorted(shared_faces.boxes)[::2]:
        label = shared_faces.boxes[name]
        boxes = [face.box for face in detector.detect(shared_faces.picture(name, label["size"]))]
        for true in label["faces"]:
            hit = max(boxes, key=lambda box: overlap(box, tuple(true)), default=None)
            if hit is not None and overlap(hit, tuple(true)) >= 0.4:
                found += 1
                boxes.remove(hit)
            else:
                missed += 1
        doubtful = label["ignore"]
        wrong += sum(all(overlap(box, tuple(d)) < 0.2 for d in doubtful) for box in boxes)

    assert found > 100
    assert found / (found + missed) >= 0.98
    assert found / (found + wrong) >= 0.98


def test_a_face_is_looked_for_only_where_it_may_be(
    detector: Detector, astronaut: Picture, hopper: Picture
) -> None:
    both = np.zeros((600, 1200, 3), np.uint8)
    both[:256, :256], both[:, 688:] = scaled(astronaut, 0.5), hopper

    (near,) = detector.detect_near(both, [(100, 40, 40, 60)])

    (whole,) = (face for face in detector.detect_unscaled(both) if face.box[0] < 512)
    assert overlap(near.box, whole.box) > 0.8
    np.testing.assert_allclose(near.landmarks, whole.landmarks, atol=3)


def test_faces_that_are_near_one_another_are_each_found_once(
    detector: Detector, astronaut: Picture
) -> None:
    side_by_side = np.zeros((600, 1200, 3), np.uint8)
    side_by_side[:256, :512] = np.tile(scaled(astronaut, 0.5), (1, 2, 1))

    found = detector.detect_near(side_by_side, [(90, 30, 90, 90), (330, 30, 110, 90)])

    assert len(found) == 2


def test_nobody_is_near_where_nobody_was(detector: Detector, astronaut: Picture) -> None:
    assert detector.detect_near(astronaut, []) == []


def test_a_second_look_brings_the_landmarks_of_a_small_face_nearer(
    detector: Detector, astronaut: Picture
) -> None:
    small = scaled(astronaut, 0.25)
    (large_face,), (face,) = detector.detect(astronaut), detector.detect(small)

    again = detector.look_again(small, face)

    assert again.box == face.box
    before = np.abs(face.landmarks * 4 - large_face.landmarks).mean()
    assert np.abs(again.landmarks * 4 - large_face.landmarks).mean() < before


def test_a_second_look_that_finds_nothing_changes_nothing(
    detector: Detector, astronaut: Picture
) -> None:
    (face,) = detector.detect(astronaut)

    assert detector.look_again(np.zeros_like(astronaut), face) is face
