"""Plain values take a short way past pydantic, to the same result as by pydantic itself."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, TypeAdapter

from swflow.values.forms import form_of
from swflow.values.plain import is_plain_for

HINTS: list[Any] = [
    int,
    str,
    float,
    bool,
    None,
    type(None),
    Any,
    object,
    int | None,
    float | int,
    int | str,
    str | int,
    bool | float,
    Optional[str],  # noqa: UP045 - another form of the same
    int | Path,
    int | UUID,
    Path,
    list,
    list[int],
    list[str],
    list[float | None],
    list[Any],
    list[list[int]],
    list[Path],
    dict,
    dict[str, int],
    dict[str, str | None],
    dict[str, Any],
    dict[int, int],
    dict[Any, float],
    dict[str, list[int]],
    tuple[int, ...],
    Annotated[int, Field(gt=0)],
    Annotated[list[str], Field(max_length=2)],
]
FAITHFUL = ConfigDict(ser_json_inf_nan="constants")
TYPES = [(TypeAdapter(hint, config=FAITHFUL), form_of(hint, None)) for hint in HINTS]


class Text(str):
    __slots__ = ()


def containers(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=3) | st.dictionaries(TEXTS, of, max_size=3)


TEXTS = st.text(max_size=5) | st.sampled_from(["1", "a\ud800", "ü", '"\n', "$serializer"])
SCALARS = (
    st.integers() | TEXTS | st.floats() | st.booleans() | st.none() | st.just(10**30) | st.just(1.0)
)
JSON = st.recursive(SCALARS, containers, max_leaves=5)
VALUES = JSON | st.sampled_from(
    [
        Text("a"),
        (1, 2),
        [Text("b")],
        {1: 2},
        {Text("a"): 1},
        Path("p"),
        UUID(int=1),
        object(),
        [object()],
    ]
)


@given(VALUES)
def test_a_value_is_written_as_by_pydantic(value: Any) -> None:
    def by_pydantic(adapter: TypeAdapter[Any]) -> str:
        data = adapter.dump_python(adapter.validate_python(value), mode="json")
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    for adapter, form in TYPES:
        assert outcome(form.dump, value) == outcome(by_pydantic, adapter)


@given(JSON, st.booleans())
def test_a_value_is_read_as_by_pydantic(value: Any, ascii_alone: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_alone)

    for adapter, form in TYPES:
        by_pydantic = outcome(adapter.validate_json, json.dumps(json.loads(text)))
        assert outcome(form.load, json.loads(text)) == by_pydantic
        assert outcome(form.read, text) == by_pydantic


def test_infinity_stays_infinity_beside_what_takes_the_long_way() -> None:
    form = form_of(Any, None)

    assert form.read(form.dump([Path("p"), math.inf])) == ["p", math.inf]


def test_the_short_way_is_taken() -> None:
    plain = [(int, 1), (str, "ü"), (Any, 0.5), (list[int], [1]), (dict[str, int | None], {"a": 1})]

    assert all(is_plain_for(hint)(value) for hint, value in plain)


def outcome(call: Callable[[Any], Any], given: Any) -> str:
    """What a call gives, as what it is in every detail; or that it gives nothing."""
    try:
        return repr(call(given))
    except Exception:  # noqa: BLE001 - which one, is said elsewhere
        return "an error"
