from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vib.faces.group import group_tracks


def looks(value: float, other: float = 0.0) -> NDArray[np.float32]:
    """An embedding; two lie as far apart as their numbers."""
    return np.array([value, other] + [0.0] * 126, np.float32)


@dataclass(eq=False)
class Track:
    """What one face of a video may look like to grouping."""

    embedding: NDArray[np.float32]
    first_seen: float
    last_seen: float = field(default=-1)

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


def test_no_tracks_make_no_groups() -> None:
    assert group_tracks([]) == []


@given(
    st.lists(
        st.builds(
            Track,
            embedding=st.builds(looks, st.floats(0, 2), st.floats(0, 2)),
            first_seen=st.floats(0, 20),
            last_seen=st.floats(0, 20),
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
