import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vib.faces.geometry import overlap
from vib.faces.track import CutFinder, Tracker

Picture = NDArray[np.uint8]


def test_overlap_is_the_common_part_of_both_boxes() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert overlap((0, 0, 10, 10), (40, 40, 10, 10)) == 0


def test_a_face_that_moves_keeps_its_track() -> None:
    tracker = Tracker()

    tracks = [tracker.follow([(100 + 40 * i, 50, 100, 120)]) for i in range(8)]

    assert tracks == [[1]] * 8


def test_faces_side_by_side_keep_their_own_tracks_in_whatever_order_they_come() -> None:
    tracker = Tracker()
    left, right = (0, 0, 50, 50), (40, 0, 50, 50)

    assert tracker.follow([left, right]) == [1, 2]
    assert tracker.follow([right, left]) == [2, 1]


def test_a_face_elsewhere_begins_a_track() -> None:
    tracker = Tracker()
    tracker.follow([(0, 0, 50, 50)])

    assert tracker.follow([(300, 0, 50, 50), (2, 0, 50, 50)]) == [2, 1]


def test_a_face_of_quite_another_size_begins_a_track() -> None:
    tracker = Tracker()
    tracker.follow([(0, 0, 50, 50)])

    assert tracker.follow([(0, 0, 120, 120)]) == [2]


def test_faces_that_hardly_move_are_steady_once_it_was_seen() -> None:
    tracker = Tracker()

    tracker.follow([(0, 0, 50, 50)])
    new = tracker.steady
    tracker.follow([(5, 0, 50, 50)])
    resting = tracker.steady
    tracker.follow([(30, 0, 50, 50)])

    assert (new, resting, tracker.steady) == (False, True, False)


def test_a_face_that_was_missed_is_not_steady() -> None:
    tracker = Tracker()
    for _ in range(2):
        tracker.follow([(0, 0, 50, 50)])

    tracker.follow([])

    assert not tracker.steady


def test_a_face_missed_for_a_moment_keeps_its_track() -> None:
    tracker = Tracker()
    box = (0, 0, 50, 50)
    tracker.follow([box])
    tracker.follow([])
    tracker.follow([])

    assert tracker.follow([box]) == [1]


def test_a_face_missed_for_longer_begins_a_track() -> None:
    tracker = Tracker()
    box = (0, 0, 50, 50)
    tracker.follow([box])
    for _ in range(3):
        tracker.follow([])

    assert tracker.follow([box]) == [2]


def test_a_cut_ends_every_track() -> None:
    tracker = Tracker()
    box = (0, 0, 50, 50)
    tracker.follow([box])

    assert tracker.follow([box], cut=True) == [2]


def test_the_track_seen_last_goes_before_one_that_lies_nearer() -> None:
    tracker = Tracker()
    tracker.follow([(0, 0, 100, 100)])
    tracker.follow([(90, 0, 100, 100)])  # too far off: track 2

    assert tracker.follow([(40, 0, 100, 100)]) == [2]


@pytest.fixture
def view(hopper: Picture) -> Picture:
    return hopper[100:460, :]


def test_a_slow_pan_is_no_cut(view: Picture) -> None:
    cuts = CutFinder()

    assert not any(cuts.is_cut(view[:, x : x + 400]) for x in range(0, 100, 10))


def test_another_picture_is_a_cut(view: Picture, coffee: Picture) -> None:
    cuts = CutFinder()

    found = [cuts.is_cut(picture) for picture in (view, view, coffee, coffee, view)]

    assert found == [False, False, True, False, True]


def test_a_flash_is_no_cut(view: Picture) -> None:
    cuts = CutFinder()
    bright = np.asarray(Image.fromarray(view).point(lambda value: 120 + value // 2))

    assert not any(cuts.is_cut(picture) for picture in (view, bright, view))


def test_black_between_two_shots_is_a_cut(view: Picture) -> None:
    cuts = CutFinder()
    black = np.zeros_like(view)

    found = [cuts.is_cut(picture) for picture in (black, black, view, black)]

    assert found == [False, False, True, True]
