from fractions import Fraction

import pytest

from vib.video.timeline import Timeline

PICTURE, SOUND = 0, 1


def placed(*steps: tuple[int, float]) -> list[float]:
    """Where frames of streams with these times come to lie in a file that begins at 100."""
    timeline = Timeline(Fraction(100))
    return [float(timeline.place(stream, Fraction(time))) for stream, time in steps]


def test_time_is_counted_from_the_files_start() -> None:
    assert placed((PICTURE, 100), (SOUND, 100.5), (PICTURE, 101)) == [0, 0.5, 1]


def test_a_gap_that_is_short_enough_stays() -> None:
    assert placed((PICTURE, 100), (PICTURE, 109)) == [0, 9]


@pytest.mark.parametrize("jump", [26.5 * 3600, -95.0, 11.0])
def test_a_jump_is_closed_and_every_stream_follows_it(jump: float) -> None:
    steps = [(PICTURE, 100), (SOUND, 100), (PICTURE, 104), (SOUND, 103.5)]
    after = [(PICTURE, 104 + jump), (SOUND, 103.75), (SOUND, 104 + jump), (PICTURE, 105 + jump)]

    assert placed(*steps, *after) == [0, 0, 4, 3.5, 4, 3.75, 4, 5]


def test_a_clock_that_starts_over_again_and_again_goes_on() -> None:
    times = [100 + second for second in range(4)] * 20

    assert placed(*((PICTURE, time) for time in times))[-1] == 4 * 20 - 20  # no gap between two


def test_one_wild_timestamp_moves_nothing_else() -> None:
    assert placed((PICTURE, 100), (PICTURE, 9e6), (PICTURE, 101), (PICTURE, 102)) == [0, 0, 1, 2]


def test_sound_that_begins_late_is_no_jump() -> None:
    assert placed((PICTURE, 100), (PICTURE, 105), (PICTURE, 140), (SOUND, 140))[-1] == 5
    assert placed((PICTURE, 100), (PICTURE, 105), (PICTURE, 110), (SOUND, 109)) == [0, 5, 10, 9]
