"""Pages of histories."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from localswf.history import Span


@given(st.data(), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_pages_are_the_span_in_pieces(
    data: st.DataObject, length: int, size: int, reverse: bool
) -> None:
    history = [str(event_id) for event_id in range(1, length + 1)]
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))

    rest: Span | None = Span(first, last, reverse)
    pages = []
    while rest is not None:
        page, rest = rest.page(history, size)
        pages.append(page)

    assert all(len(page) == size for page in pages[:-1])
    assert 1 <= len(pages[-1]) <= size
    wanted = history[first - 1 : last]
    assert list(itertools.chain(*pages)) == (wanted[::-1] if reverse else wanted)
