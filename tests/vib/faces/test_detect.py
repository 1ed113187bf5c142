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
