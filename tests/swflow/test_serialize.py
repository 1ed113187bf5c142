"""Arguments and results travel as JSON and come back as what the type hints say."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from swflow import SerializationError
from swflow.values.serialize import Codec


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Size:
    width: int
    height: int


class Video(BaseModel):
    path: Path
    size: Size | None = None


VALUES: list[tuple[Any, Any]] = [
    (int, 7),
    (str, "naïve ☃"),
    (float, 0.1),
    (bool, True),
    (type(None), None),
    (Size, Size(640, 360)),
    (Video, Video(path=Path("a/b.mp4"), size=Size(1, 2))),
    (datetime, datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
    (timedelta, timedelta(hours=36)),
    (Path, Path("/films/one.mp4")),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("1.10")),
    (Colour, Colour.RED),
    (list[Size], [Size(1, 2)]),
    (dict[str, Path], {"main": Path("m")}),
    (tuple[int, str], (1, "a")),
    (set[int], {1, 2}),
    (Size | None, None),
]


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=lambda each: str(each)[:30])
def test_a_value_comes_back_as_it_was(hint: Any, value: Any) -> None:
    def function(given):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return given

    function.__annotations__ = {"given": hint, "return": hint}
    codec = Codec("Echo", function)

    args, kwargs = codec.load_call(codec.dump_call([value], {}))

    assert (args, kwargs) == ([value], {})
    assert codec.load_result(codec.dump_result(value)) == value


def resize(path: Path, size: Size, *more: int, quality: float = 0.5, **extra: bool) -> Path:
    del size, more, quality, extra
    return path


CODEC = Codec("Resize", resize)


def test_the_input_is_positional_and_named_arguments() -> None:
    text = CODEC.dump_call([Path("a"), Size(1, 2), 3, 4], {"quality": 1, "fast": True})
    assert json.loads(text) == {
        "args": ["a", {"width": 1, "height": 2}, 3, 4],
        "kwargs": {"quality": 1.0, "fast": True},
    }
    args, kwargs = CODEC.load_call(text)
    assert args == [Path("a"), Size(1, 2), 3, 4]
    assert kwargs == {"quality": 1.0, "fast": True}


def test_no_input_is_no_arguments() -> None:
    assert Codec("Tick", lambda: None).load_call(None) == ([], {})


def test_without_hints_values_are_plain_json() -> None:
    def bare(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return value

    codec = Codec("Bare", bare)
    text = codec.dump_call([{"size": Size(1, 2), "path": Path("a")}], {})
    assert codec.load_call(text)[0] == [{"size": {"width": 1, "height": 2}, "path": "a"}]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: CODEC.dump_call([Path("a")], {}), "Resize(): missing a required argument: 'size'"),
        (
            lambda: CODEC.dump_call(["a", Size(1, 2)], {"quality": "high"}),
            "Resize: argument 'quality': Input should be a valid number",
        ),
        (
            lambda: CODEC.load_call('{"args": ["a", {"width": 1}], "kwargs": {}}'),
            "Resize: argument 'size': height: Field required",
        ),
        (lambda: CODEC.load_call("{"), "the input of Resize is not JSON"),
        (lambda: CODEC.load_call("[1]"), "the input of Resize is not of the form"),
        (
            lambda: CODEC.load_call('{"args": [], "kwargs": {"paht": "a"}}'),
            "Resize(): missing a required argument",
        ),
        (lambda: CODEC.load_result("7"), "Resize: the result: Input is not a valid path"),
        (lambda: CODEC.dump_result(7), "Resize: the result: Input is not a valid path"),
    ],
)
def test_a_mismatch_names_the_function_the_parameter_and_the_problem(
    call: Callable[[], object], problem: str
) -> None:
    with pytest.raises(SerializationError) as caught:
        call()
    assert problem in str(caught.value)


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(SerializationError, match="Any: argument 'value': no JSON form"):
        Codec("Any", any_value).dump_call([object()], {})


def any_value(value: Any) -> None:
    del value


def test_a_hint_that_is_not_importable_is_found_before_the_first_call() -> None:
    def lost(value: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
        del value

    with pytest.raises(SerializationError, match="a type hint of Lost cannot be resolved"):
        Codec("Lost", lost).prepare()


def test_a_hint_without_a_json_form_is_found_before_the_first_call() -> None:
    class Socket:
        pass

    def send(through: Socket) -> None:
        del through

    with pytest.raises(SerializationError, match="Send: argument 'through': the type hint"):
        Codec("Send", send).prepare()
