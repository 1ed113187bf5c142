"""Arguments and results as they travel, by the type hints of the function they belong to.

The input of an activity or a workflow is `{"args": [...], "kwargs": {...}}`, a result is its value.
"""

import inspect
import math
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic_core import from_json

from swflow.errors import SerializationError
from swflow.values.forms import Form, Misfit, form_of
from swflow.values.plain import write
from swflow.values.serializer import Serializer

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
        return write(value)
    except (TypeError, ValueError) as error:
        raise SerializationError(f"{what} cannot be written as JSON: {error}") from error


class Codec:
    """Writes and reads one function's calls and results.

    Args:
        name: what errors call the function.
        function: the function.
        serializer: writes and reads the values; JSON by type hints, if left out.
        result: what errors call what it returns.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        serializer: Serializer | None = None,
        *,
        result: str = "the result",
    ) -> None:
        self._name = name
        self._function = function
        self._serializer = serializer
        self._returned = result

    def prepare(self) -> None:
        """Look at every type hint now, so that a bad one is found before the first call.

        Raises:
            SerializationError: a type hint cannot be resolved, or has no JSON form.
        """
        _ = self._forms, self._result

    def dump_call(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], more: Mapping[str, Any] | None = None
    ) -> str:
        """The input for a call with these arguments.

        Args:
            args: positional arguments.
            kwargs: named arguments.
            more: what travels beside the arguments, as JSON's types.

        Raises:
            SerializationError: the arguments do not fit the function's parameters.
        """
        bound = self._match(args, kwargs)
        texts = []
        for name, value in bound:
            try:
                texts.append(self._forms[name].dump(value))
            except Misfit as misfit:
                raise self._error(f"argument {name!r}", misfit) from misfit
        positional = ",".join(texts[: len(args)])
        named = ",".join(map(_member, kwargs, texts[len(args) :]))
        beside = "".join(f",{_member(key, write(more[key]))}" for key in more) if more else ""
        return f'{{"args":[{positional}],"kwargs":{{{named}}}{beside}}}'

    def load_call(self, text: str | None) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the named arguments in an input; no input is no arguments.

        Raises:
            SerializationError: the input has another form, or does not fit the parameters.
        """
        try:
            content = from_json(text) if text else {"args": [], "kwargs": {}}
        except ValueError as error:
            raise SerializationError(f"the input of {self._name} is not JSON: {error}") from error
        match content:
            case {"args": list(args), "kwargs": dict(kwargs)}:
                pass
            case _:
                raise SerializationError(
                    f'the input of {self._name} is not of the form {{"args": [], "kwargs": {{}}}}'
                )
        values = []
        for name, data in self._match(args, kwargs):
            try:
                values.append(self._forms[name].load(data))
            except Misfit as misfit:
                raise self._error(f"argument {name!r}", misfit) from misfit
        return values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True))

    def dump_result(self, value: Any) -> str:
        """A result as it travels.

        Raises:
            SerializationError: it is not what the function says it returns.
        """
        try:
            return self._result.dump(value)
        except Misfit as misfit:
            raise self._error(self._returned, misfit) from misfit

    def load_result(self, text: str | None) -> Any:
        """The value in a result that travelled; an absent one is None.

        Raises:
            SerializationError: it is not what the function says it returns.
        """
        try:
            return self._result.read(text or "null")
        except Misfit as misfit:
            raise self._error(self._returned, misfit) from misfit

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
    def _forms(self) -> dict[str, Form]:
        return {name: self._form(name) for name in self._signature.parameters}

    @cached_property
    def _result(self) -> Form:
        return self._form("return")

    def _form(self, name: str) -> Form:
        try:
            return form_of(self._hints.get(name, Any), self._serializer)
        except Misfit as misfit:
            what = self._returned if name == "return" else f"argument {name!r}"
            raise self._error(what, misfit) from misfit

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

    def _error(self, what: str, misfit: Misfit) -> SerializationError:
        return SerializationError(f"{self._name}: {what}: {misfit}")


def of_value(name: str, hint: Any, serializer: Serializer | None = None) -> Codec:
    """What writes and reads values of one type, as a function's result.

    Args:
        name: what errors call it.
        hint: the type.
        serializer: writes and reads them; JSON by the type, if left out.
    """

    def give() -> Any: ...

    give.__annotations__ = {"return": hint}
    return Codec(name, give, serializer, result="the value")


def _member(key: str, value: str) -> str:
    """A member of a JSON object."""
    return f"{write(key)}:{value}"


def _positional(parameters: typing.Iterable[inspect.Parameter]) -> Iterator[str]:
    """The names that positional arguments go to, one after the other."""
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            yield parameter.name
        while parameter.kind is parameter.VAR_POSITIONAL:
            yield parameter.name
