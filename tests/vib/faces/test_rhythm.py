from vib.faces.rhythm import Rhythm


def test_the_first_search_is_due_at_once() -> None:
    assert Rhythm(2, 8).is_due(0)


def test_after_a_find_the_next_search_is_due_soon() -> None:
    rhythm = Rhythm(2, 8)

    rhythm.done(10, again_soon=True)

    assert [rhythm.is_due(moment) for moment in (11.9, 12)] == [False, True]


def test_without_finds_pauses_double_up_to_the_longest() -> None:
    rhythm, moment, searches = Rhythm(2, 8), 0, []

    while moment <= 40:
        if rhythm.is_due(moment):
            searches.append(moment)
            rhythm.done(moment, again_soon=False)
        moment += 1

    assert searches == [0, 4, 12, 20, 28, 36]


def test_a_find_brings_the_pauses_back_to_the_shortest() -> None:
    rhythm = Rhythm(2, 8)
    for moment in (0, 4, 12):
        rhythm.done(moment, again_soon=False)

    rhythm.done(20, again_soon=True)

    assert rhythm.is_due(22)
