"""Arguments and results as JSON, by the type hints of the function that takes and gives them.

The input of an activity or a workflow is `{"args": [...], "kwargs": {...}}`, a result is its value.
"""

import inspect
import json
import math
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from swflow.errors import SerializationError

MAX_PAYLOAD = 32_768
"""Characters in an input, a result or a failure's details (Amazon SWF's limit)."""


def to_json(value: Any, what: str) -> str:
    """Write a value that holds nothing but JSON's types.

    Args:
        value: dicts, lists, strings, numbers, booleans and None.
        what: names the payload in errors.

    Raises:
        SerializationError: the value is not JSON.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise SerializationError(f"{what} cannot be written as JSON: {error}") from error


class Codec:
    """Writes and reads one function's calls and results."""

    def __init__(
        self, name: str, function: Callable[..., Any], *, result: str = "the result"
    ) -> None:
        """`name` and `result` are what errors call the function and what it returns."""
        self._name = name
        self._function = function
        self._returned = result

    def prepare(self) -> None:
        """Look at every type hint now, so that a bad one is found before the first call.

        Raises:
            SerializationError: a type hint cannot be resolved, or has no JSON form.
        """
        _ = self._adapters, self._result

    def dump_call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The input's JSON object for a call with these arguments.

        Raises:
            SerializationError: the arguments do not fit the function's parameters.
        """
        bound = self._match(args, kwargs)
        return {
            "args": [self._dump(name, value) for name, value in bound[: len(args)]],
            "kwargs": {
                key: self._dump(name, value)
                for key, (name, value) in zip(kwargs, bound[len(args) :], strict=True)
            },
        }

    def load_call(self, text: str | None) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the named arguments in an input; no input is no arguments.

        Raises:
            SerializationError: the input has another form, or does not fit the parameters.
        """
        content = self._parse("the input", text) if text else {"args": [], "kwargs": {}}
        match content:
            case {"args": list(args), "kwargs": dict(kwargs)}:
                pass
            case _:
                raise SerializationError(
                    f'the input of {self._name} is not of the form {{"args": [], "kwargs": {{}}}}'
                )
        bound = self._match(args, kwargs)
        values = [
            self._load(f"argument {name!r}", self._adapters[name], value) for name, value in bound
        ]
        return values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True))

    def dump_result(self, value: Any) -> str:
        """A result as it travels.

        Raises:
            SerializationError: it is not what the function says it returns.
        """
        dumped = self._dump_with(self._result, self._returned, value)
        return to_json(dumped, f"{self._returned} of {self._name}")

    def load_result(self, text: str | None) -> Any:
        """The value in a result that travelled; an absent one is None.

        Raises:
            SerializationError: it is not what the function says it returns.
        """
        value = self._parse(self._returned, text) if text else None
        return self._load(self._returned, self._result, value)

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @cached_property
    def _plain(self) -> tuple[list[str], float]:
        """The parameters that take a positional argument each, and how many of them need one."""
        parameters = self._signature.parameters.values()
        alone = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        found = [each for each in parameters if each.kind in alone]
        needed = [each for each in found if each.default is each.empty]
        by_name = [
            each
            for each in parameters
            if each.kind is each.KEYWORD_ONLY and each.default is each.empty
        ]
        return [each.name for each in found], math.inf if by_name else len(needed)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self._function, include_extras=True)
        except NameError as error:
            raise SerializationError(
                f"a type hint of {self._name} cannot be resolved: {error}; "
                f"the name must be importable when the program runs, not only for type checkers"
            ) from error

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        return {name: self._adapter(name) for name in self._signature.parameters}

    @cached_property
    def _result(self) -> TypeAdapter[Any]:
        return self._adapter("return")

    def _adapter(self, name: str) -> TypeAdapter[Any]:
        hint = self._hints.get(name, Any)
        try:
            return TypeAdapter(hint)
        except PydanticUserError as error:
            raise SerializationError(
                f"{self._name}: the type hint of {name!r}, {hint!r}, has no JSON form: {error}"
            ) from error

    def _match(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Pair every argument with its parameter's name, in the order given."""
        names, required = self._plain
        if not kwargs and required <= len(args) <= len(names):  # as most calls are
            return list(zip(names, args, strict=False))
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise SerializationError(f"{self._name}(): {error}") from error
        parameters = self._signature.parameters.values()
        named = {each.name for each in parameters if each.kind is not each.POSITIONAL_ONLY}
        rest = next((each.name for each in parameters if each.kind is each.VAR_KEYWORD), "")
        return [
            *zip(_positional(parameters), args, strict=False),
            *((key if key in named else rest, value) for key, value in kwargs.items()),
        ]

    def _dump(self, name: str, value: Any) -> Any:
        return self._dump_with(self._adapters[name], f"argument {name!r}", value)

    def _dump_with(self, adapter: TypeAdapter[Any], what: str, value: Any) -> Any:
        try:
            return adapter.dump_python(adapter.validate_python(value), mode="json")
        except ValidationError as error:
            raise self._mismatch(what, error) from error
        except PydanticSerializationError as error:
            raise SerializationError(f"{self._name}: {what} has no JSON form: {error}") from error

    def _load(self, what: str, adapter: TypeAdapter[Any], value: Any) -> Any:
        try:
            # From text, because pydantic is stricter with Python values than with JSON's.
            return adapter.validate_json(json.dumps(value))
        except ValidationError as error:
            raise self._mismatch(what, error) from error

    def _parse(self, what: str, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise SerializationError(f"{what} of {self._name} is not JSON: {error}") from error

    def _mismatch(self, what: str, error: ValidationError) -> SerializationError:
        problems = [
            "".join(f"{part}: " for part in problem["loc"]) + problem["msg"]
            for problem in error.errors(include_url=False, include_context=False)
        ]
        return SerializationError(f"{self._name}: {what}: {'; '.join(problems[:3])}")


def of_value(name: str, hint: Any) -> Codec:
    """What writes and reads values of one type, as a function's result.

    Args:
        name: what errors call it.
        hint: the type.
    """

    def give() -> Any: ...

    give.__annotations__ = {"return": hint}
    return Codec(name, give, result="the value")


def _positional(parameters: typing.Iterable[inspect.Parameter]) -> Iterator[str]:
    """The names that positional arguments go to, one after the other."""
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            yield parameter.name
        while parameter.kind is parameter.VAR_POSITIONAL:
            yield parameter.name
