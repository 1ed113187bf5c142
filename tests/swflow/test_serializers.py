"""Values that travel in a form of their own."""

import base64
import json
import pickle
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from swflow import (
    NonDeterminismError,
    SerializationError,
    Serializer,
    Signal,
    WorkflowFailed,
    activity,
    external,
    workflow,
)
from swflow.execution.history import attributes
from swflow.testing import Environment
from swflow.values.serialize import Codec, of_value
from tests.swflow.flows import Begin, flow

HOUR = timedelta(hours=1)
Picture = npt.NDArray[np.uint8]


class Pickle:
    """As the docs show it."""

    def __init__(self, name: str = "pickle") -> None:
        self.name = name

    def dump(self, value: Any, hint: Any) -> str:
        del hint
        return base64.b64encode(pickle.dumps(value)).decode()

    def load(self, data: Any, hint: Any) -> Any:
        del hint
        return pickle.loads(base64.b64decode(data))  # noqa: S301 - it is the test's own


class Salted(Pickle):
    """Writes the same value otherwise every time."""

    def dump(self, value: Any, hint: Any) -> str:
        return f"{token_hex()}.{super().dump(value, hint)}"

    def load(self, data: Any, hint: Any) -> Any:
        return super().load(data.partition(".")[2], hint)


class Reversed:
    """A form that is JSON itself, and cannot be mistaken for another."""

    name = "reversed"

    def dump(self, value: Any, hint: Any) -> Any:
        del hint
        return list(reversed(value))

    def load(self, data: Any, hint: Any) -> Any:
        return tuple(reversed(data)) if hint is tuple else list(reversed(data))


class Corner:
    """A class that pydantic does not know."""

    def __init__(self, x: int) -> None:
        self.x = x


@dataclass
class Frame:
    corner: Corner
    number: int


def codec(hint: Any, serializer: Serializer | None) -> Codec:
    return of_value("Frames", hint, serializer)


@activity("Blur", version="1", task_list="pictures", serializer=Pickle())
def blur(picture: Picture, by: int) -> Picture:
    return picture // by


@activity("Rotate", version="1", task_list="pictures", serializer=Pickle())
def rotate(pictures: list[Picture]) -> list[Picture]:
    return [np.rot90(each) for each in pictures]


@workflow("Pictures", version="1", task_list="flows", execution_timeout=HOUR, serializer=Pickle())
async def pictures(picture: Picture) -> Picture:
    blurred = blur(picture, 2)
    (rotated,) = await rotate([blurred.later])
    return rotated


PICTURE = np.array([[2, 4], [6, 8]], dtype=np.uint8)
ROTATED = [[2, 4], [1, 3]]


class TestOneForAType:
    @pytest.mark.parametrize("sticky", [True, False], ids=["kept", "replayed"])
    def test_values_come_back_as_they_were(self, *, sticky: bool) -> None:
        with Environment(sticky=sticky) as env:
            result = env.run(pictures, PICTURE)
        assert result.dtype == np.uint8
        assert result.tolist() == ROTATED

    def test_a_child_takes_and_gives_them(self) -> None:
        @flow
        async def parent() -> list[list[int]]:
            picture = await pictures(PICTURE)
            found: list[list[int]] = picture.tolist()
            return found

        with Environment() as env:
            assert env.run(parent) == ROTATED

    def test_payloads_are_json_that_names_the_serializer(self) -> None:
        with Environment() as env:
            execution = env.start(pictures, PICTURE)
            execution.result()
            inputs = [
                json.loads(attributes(event)["input"])
                for event in execution.history()
                if event["eventType"] == "ActivityTaskScheduled"
            ]
            found = env.client.execution(execution.workflow_id).result()

        assert [each["$serializer"] for each in inputs[0]["args"]] == ["pickle", "pickle"]
        assert found.keys() == {"$serializer", "value"}

    def test_what_travelled_as_plain_json_is_read(self) -> None:
        frames = codec(list[int], Pickle())
        assert frames.load_result("[1,2]") == [1, 2]


class TestASignal:
    def test_its_values_come_back_as_they_were(self) -> None:
        seen = Signal("seen", Frame, serializer=Pickle())

        @flow
        async def seeing() -> int:
            frame = await seen.receive()
            return frame.corner.x * frame.number

        with Environment() as env:
            execution = env.start(seeing)
            execution.signal(seen, Frame(Corner(6), 7))
            assert execution.result() == 42


class TestAReplay:
    def test_a_value_may_be_written_otherwise(self, begin_replayed: Begin) -> None:
        words = Signal("words", set[str], serializer=Salted())

        @activity("Count", version="1", task_list="words", serializer=Salted())
        def count(of: set[str]) -> int:
            return len(of)

        @flow
        async def counting() -> None:
            promise = count({"a", "b"})
            external("other").signal(words, {"a", "b"})
            await promise

        history = begin_replayed(counting)
        assert len(history.decide()) == 2
        history.complete("1", 2)
        assert history.result() is None

    def test_another_array_is_another_call(self, begin_replayed: Begin) -> None:
        taken = [PICTURE]

        @flow
        async def calling() -> None:
            await blur(taken[0], 2)

        history = begin_replayed(calling)
        history.decide()
        taken[0] = PICTURE + 1
        history.begin_decision()

        with pytest.raises(NonDeterminismError, match="ScheduleActivityTask Blur"):
            history.replayed()


class TestTypeHints:
    def test_a_value_is_checked_before_it_is_written(self) -> None:
        with pytest.raises(SerializationError, match="Blur: argument 'by': Input should be a val"):
            blur.encode_input([PICTURE, "a lot"], {})

    def test_a_class_that_pydantic_does_not_know_is_checked(self) -> None:
        with pytest.raises(SerializationError, match="Blur: argument 'picture': Input should be a"):
            blur.encode_input(["a picture", 2], {})

    def test_so_are_those_in_a_dataclass(self) -> None:
        frames = codec(Frame, Pickle())
        assert frames.load_result(frames.dump_result(Frame(Corner(1), 2))).corner.x == 1
        with pytest.raises(SerializationError, match="Frames: the value: Input should be a dict"):
            frames.dump_result(Corner(1))

    def test_a_value_is_checked_when_it_is_read(self) -> None:
        text = codec(list[str], Pickle()).dump_result(["a"])
        with pytest.raises(SerializationError, match="Frames: the value: 0: Input should be a val"):
            codec(list[int], Pickle()).load_result(text)

    def test_plain_json_that_does_not_fit_says_what_was_expected(self) -> None:
        with pytest.raises(SerializationError, match="not written by the serializer 'pickle', and"):
            codec(Corner, Pickle()).load_result("1")


class TestTheOtherEnd:
    def test_another_serializer_is_named(self) -> None:
        text = codec(list[int], Reversed()).dump_result([1, 2])
        with pytest.raises(
            SerializationError, match="written by the serializer 'reversed', and is"
        ):
            codec(list[int], Pickle()).load_result(text)

    def test_no_serializer_is_a_clear_error(self) -> None:
        text = codec(list[int], Reversed()).dump_result([1, 2])
        with pytest.raises(SerializationError, match="'reversed', and is read as plain JSON here"):
            codec(list[int], None).load_result(text)
        with pytest.raises(SerializationError, match="'reversed', and is read as plain JSON here"):
            codec(Any, None).load_result(text)

    @pytest.mark.parametrize("hint", [Any, dict[str, Any], dict[str, str]])
    @pytest.mark.parametrize("serializer", [None, Reversed()])
    def test_plain_json_that_looks_like_it_comes_back(
        self, hint: Any, serializer: Serializer | None
    ) -> None:
        value = {"$serializer": "pickle", "value": "gASV"}
        text = codec(hint, None).dump_result(value)
        assert codec(hint, serializer).load_result(text) == value

    def test_it_cannot_have_the_name_of_plain_json(self) -> None:
        with pytest.raises(SerializationError, match="Frames: the value: a serializer cannot be c"):
            codec(int, Pickle("json")).prepare()


class TestWhatGoesWrong:
    def test_an_error_of_the_serializer_is_named_with_the_value(self) -> None:
        with pytest.raises(
            SerializationError, match="Frames: the value: the serializer 'reversed': TypeError: 'in"
        ):
            codec(int, Reversed()).dump_result(7)

    def test_what_it_gives_has_to_be_json(self) -> None:
        class Bytes(Reversed):
            def dump(self, value: Any, hint: Any) -> Any:
                del value, hint
                return b"bytes"

        with pytest.raises(SerializationError, match="'reversed': TypeError: Object of type bytes"):
            codec(int, Bytes()).dump_result(7)

    def test_it_fails_the_workflow_for_good(self) -> None:
        @workflow(
            "Odd", version="1", task_list="flows", execution_timeout=HOUR, serializer=Reversed()
        )
        async def odd() -> int:
            return 7

        with Environment() as env, pytest.raises(WorkflowFailed) as caught:
            env.run(odd)
        assert not caught.value.retry
