"""The heap of deadlines."""

from hypothesis import given
from hypothesis import strategies as st

from localswf.core.timers import Deadlines


def test_what_is_due_comes_out_in_the_order_of_its_time() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("b", 20)
    deadlines.set("c", 30)
    deadlines.set("a", 10)

    assert deadlines.next() == 10
    assert [deadlines.pop_due(25) for _ in range(3)] == ["a", "b", None]
    assert deadlines.next() == 30


def test_what_is_due_at_one_time_comes_out_in_the_order_of_setting() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key in "zyx":
        deadlines.set(key, 10)
    assert [deadlines.pop_due(10) for _ in range(3)] == ["z", "y", "x"]


def test_a_deadline_can_be_moved_and_dropped() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.set("a", 30)
    deadlines.set("b", 20)
    deadlines.drop("b")
    deadlines.drop("never set")

    assert len(deadlines) == 1
    assert deadlines.pop_due(29) is None
    assert deadlines.pop_due(30) == "a"
    assert deadlines.next() is None


def test_moved_deadlines_take_no_room() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for when in range(10_000):
        deadlines.set("heartbeat", when)
    assert len(deadlines._heap) < 100


@given(st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 50))))
def test_it_agrees_with_a_plain_dict(steps: list[tuple[int, int | None]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    expected: dict[int, int] = {}
    for key, when in steps:
        if when is None:
            deadlines.drop(key)
            expected.pop(key, None)
        else:
            deadlines.set(key, when)
            expected[key] = when

    assert deadlines.next() == min(expected.values(), default=None)
    out = []
    while (key := deadlines.pop_due(100)) is not None:
        out.append(expected.pop(key))
    assert out == sorted(out)
    assert expected == {}
