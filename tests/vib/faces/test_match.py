from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vib.faces.match import Known, Match, group_tracks, match_person
from vib.faces.results import RecognitionResult


def looks(value: float, other: float = 0.0) -> NDArray[np.float32]:
    """An embedding; two lie as far apart as their numbers."""
    return np.array([value, other] + [0.0] * 126, np.float32)


@dataclass(eq=False)
class Track:
    """What one face of a video may look like to grouping."""

    embedding: NDArray[np.float32]
    first_seen: float
    last_seen: float = field(default=-1)
    score: float = 0.9

    def __post_init__(self) -> None:
        self.last_seen = max(self.first_seen, self.last_seen)


def test_tracks_that_look_alike_are_one_person() -> None:
    a, b, c = Track(looks(0), 0), Track(looks(2), 1), Track(looks(0.4), 2)

    assert group_tracks([a, b, c]) == [[a, c], [b]]


def test_groups_and_their_tracks_are_in_the_order_of_the_video() -> None:
    a, b, c = Track(looks(0), 5), Track(looks(2), 1), Track(looks(0.4), 3)

    assert group_tracks([a, b, c]) == [[b], [c, a]]


def test_a_chain_of_likenesses_does_not_make_one_person() -> None:
    tracks = [Track(looks(0.5 * i), i) for i in range(6)]

    assert max(len(group) for group in group_tracks(tracks)) == 2


def test_two_faces_seen_at_once_are_two_people_however_alike() -> None:
    left, right = Track(looks(0), 0, 4), Track(looks(0.1), 3, 6)

    assert group_tracks([left, right]) == [[left], [right]]


def test_a_third_track_does_not_bring_two_together_that_were_seen_at_once() -> None:
    left, right, later = Track(looks(0), 0, 4), Track(looks(0.3), 3, 6), Track(looks(0.2), 7)

    assert group_tracks([left, right, later]) == [[left], [right, later]]


def test_a_bad_track_stays_by_itself() -> None:
    good, bad = Track(looks(0), 0), Track(looks(0), 1, score=0.1)

    assert group_tracks([good, bad]) == [[good], [bad]]


def test_no_tracks_make_no_groups() -> None:
    assert group_tracks([]) == []


@given(
    st.lists(
        st.builds(
            Track,
            embedding=st.builds(looks, st.floats(0, 2), st.floats(0, 2)),
            first_seen=st.floats(0, 20),
            last_seen=st.floats(0, 20),
            score=st.floats(0, 1),
        ),
        max_size=12,
    )
)
def test_every_track_is_in_one_group_and_nobody_is_in_two_places(tracks: list[Track]) -> None:
    groups = group_tracks(tracks)

    assert sorted(id(track) for group in groups for track in group) == sorted(map(id, tracks))
    for group in groups:
        for earlier, later in pairwise(group):
            assert earlier.last_seen < later.first_seen


def test_a_person_is_named_after_the_nearest_contact() -> None:
    known = [Known("ann", looks(3)[None]), Known("bob", looks(0.3)[None])]

    match = match_person([Track(looks(0), 0)], known)

    assert match == Match("bob", pytest.approx(0.3), RecognitionResult.MACHINE_RECOGNIZED)


def test_a_contact_is_where_its_faces_are_on_average() -> None:
    known = [Known(7, np.stack([looks(0.2), looks(-1)])), Known(8, np.stack([looks(-0.3)] * 2))]

    match = match_person([Track(looks(0), 0)], known)

    assert (match.contact_id, match.distance) == (8, pytest.approx(0.3))


def test_a_person_is_where_the_good_tracks_are_on_average() -> None:
    group = [Track(looks(0), 0), Track(looks(0.4), 1), Track(looks(9), 2, score=0.1)]

    assert match_person(group, [Known("x", looks(0.2)[None])]).distance == pytest.approx(0)


def test_somebody_far_from_every_contact_is_new() -> None:
    match = match_person([Track(looks(0), 0)], [Known("ann", looks(0.55)[None])])

    assert match == Match(None, pytest.approx(0.55), RecognitionResult.NEW_FACE)


def test_without_contacts_everybody_is_new() -> None:
    match = match_person([Track(looks(0), 0)], [])

    assert match == Match(None, None, RecognitionResult.NEW_FACE)


def test_a_contact_without_a_face_is_passed_over() -> None:
    faceless = Known("carl", np.zeros((0, 128), np.float32))

    assert match_person([Track(looks(0), 0)], [faceless]).verdict == RecognitionResult.NEW_FACE
    near = Known("ann", looks(0.1)[None])
    assert match_person([Track(looks(0), 0)], [faceless, near]).contact_id == "ann"


def test_a_person_without_one_good_face_is_named_by_nobody() -> None:
    match = match_person([Track(looks(0), 0, score=0.2)], [Known("ann", looks(0)[None])])

    assert match == Match(None, None, RecognitionResult.BAD_FACE)
