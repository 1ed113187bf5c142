from dataclasses import replace
from uuid import uuid4

import pytest

from vib.db.people import Person
from vib.words import clock, label

SOMEBODY = Person(
    contact_id=uuid4(),
    name=None,
    is_new=True,
    tracks=1,
    best_score=0.9,
    best_key="face_1_0.jpg",
    first_seen=0.0,
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00.0"), (7.26, "0:07.3"), (59.96, "1:00.0"), (3_753, "1:02:33.0")],
)
def test_times_read_as_on_a_player(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_person_is_called_by_name_or_by_what_is_known() -> None:
    assert label(replace(SOMEBODY, name="Ann")) == "Ann"
    assert label(SOMEBODY) == "new"
    assert label(replace(SOMEBODY, is_new=False)) == "seen before"
