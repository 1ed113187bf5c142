"""How the values of one type travel: as JSON by their type hint, or as a serializer writes them.

What a serializer wrote is marked: `{"$serializer": "pickle", "value": "gASVAwAA..."}`.
"""

import json
from typing import Any, Protocol

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from swflow.values.plain import is_plain_for, write
from swflow.values.serializer import Serializer

_MARK = "$serializer"
_JSON = "json"
"""The name that marks plain JSON which looks as if it were marked."""

_FAITHFUL = ConfigDict(ser_json_inf_nan="constants")
"""Infinity in a value of any type stays what it is, as it does in a float; it would be null."""

_ANY_CLASS = ConfigDict(arbitrary_types_allowed=True)
_SHOWN = 3


class Misfit(Exception):  # noqa: N818 - it becomes an error where it is said what does not fit
    """A value and its type do not fit; says why."""


class Form(Protocol):
    """How values of one type travel. All methods raise Misfit."""

    def dump(self, value: Any) -> str:
        """A value as JSON."""

    def load(self, data: Any) -> Any:
        """The value in what is in JSON."""

    def read(self, text: str) -> Any:
        """The value in a text, which is JSON."""


def form_of(hint: Any, serializer: Serializer | None) -> Form:
    """How values of a type travel.

    Raises:
        Misfit: values of this type cannot travel.
    """
    try:
        return _Json(hint) if serializer is None else _Serialized(hint, serializer)
    except PydanticUserError as error:
        raise Misfit(
            f"the type hint {hint!r} has no JSON form: use a type that pydantic knows, "
            f"or a serializer"
        ) from error


class _Json:
    """JSON by type hints."""

    def __init__(self, hint: Any) -> None:
        self._is_plain = is_plain_for(hint)
        self._adapter = _adapter_of(hint)

    def dump(self, value: Any) -> str:
        try:
            if self._is_plain(value) and not _is_marked(value):
                return write(value)
            data = self._adapter.dump_python(self._adapter.validate_python(value), mode="json")
            return write({_MARK: _JSON, "value": data} if _is_marked(data) else data)
        except ValidationError as error:
            raise _misfit(error) from error
        except (PydanticSerializationError, TypeError, ValueError) as error:
            raise Misfit(f"no JSON form: {error}") from error

    def load(self, data: Any) -> Any:
        if _is_marked(data):
            if data[_MARK] != _JSON:
                raise Misfit(
                    f"it was written by the serializer {data[_MARK]!r}, and is read as plain JSON "
                    f"here: give both ends the same serializer"
                )
            data = data["value"]
        if self._is_plain(data):
            return data
        # From text, because pydantic is stricter with Python values than with JSON's.
        return self._validate(json.dumps(data))

    def read(self, text: str) -> Any:
        return self.load(_parsed(text)) if _MARK in text else self._validate(text)

    def _validate(self, text: str) -> Any:
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise _misfit(error) from error


def _adapter_of(hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint, config=_FAITHFUL)
    except PydanticUserError:  # a class has a configuration of its own, and takes no other
        return TypeAdapter(hint)


class _Serialized:
    """As a serializer writes them."""

    def __init__(self, hint: Any, serializer: Serializer) -> None:
        if serializer.name == _JSON:
            raise Misfit(f"a serializer cannot be called {_JSON!r}, as plain JSON is")
        self._hint = hint
        self._serializer = serializer
        # In a tuple, because a class that has a configuration of its own takes no other.
        self._adapter: TypeAdapter[tuple[Any]] = TypeAdapter(tuple[hint], config=_ANY_CLASS)

    def dump(self, value: Any) -> str:
        checked = self._checked(value)
        try:
            data = self._serializer.dump(checked, self._hint)
            return write({_MARK: self._serializer.name, "value": data})
        except Exception as error:
            raise self._failed(error) from error

    def load(self, data: Any) -> Any:
        if not _is_marked(data) or data[_MARK] == _JSON:
            return self._plain(data["value"] if _is_marked(data) else data)
        if data[_MARK] != self._serializer.name:
            raise Misfit(
                f"it was written by the serializer {data[_MARK]!r}, and is read by "
                f"{self._serializer.name!r} here: give both ends the same serializer"
            )
        try:
            value = self._serializer.load(data["value"], self._hint)
        except Exception as error:
            raise self._failed(error) from error
        return self._checked(value)

    def read(self, text: str) -> Any:
        return self.load(_parsed(text))

    def _plain(self, data: Any) -> Any:
        try:
            return self._adapter.validate_json(json.dumps([data]))[0]
        except ValidationError as error:
            misfit = _misfit(error, within=1)
            raise Misfit(
                f"it was not written by the serializer {self._serializer.name!r}, and as plain "
                f"JSON it does not fit: {misfit}"
            ) from error

    def _checked(self, value: Any) -> Any:
        try:
            return self._adapter.validate_python((value,))[0]
        except ValidationError as error:
            raise _misfit(error, within=1) from error

    def _failed(self, error: Exception) -> Misfit:
        return Misfit(f"the serializer {self._serializer.name!r}: {type(error).__name__}: {error}")


def _is_marked(data: Any) -> bool:
    return type(data) is dict and data.keys() == {_MARK, "value"}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Misfit(f"it is not JSON: {error}") from error


def _misfit(error: ValidationError, within: int = 0) -> Misfit:
    """What is wrong, each where in the value, which is so deep within what was validated."""
    problems = [
        "".join(f"{part}: " for part in problem["loc"][within:]) + problem["msg"]
        for problem in error.errors(include_url=False, include_context=False)
    ]
    return Misfit("; ".join(problems[:_SHOWN]))
