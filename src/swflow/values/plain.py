"""A short way for values that are JSON already, as most are: pydantic would not change them."""

import json
from collections.abc import Callable, Collection
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

_SCALARS: Collection[type] = (int, str, float, bool, NoneType)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

IsPlain = Callable[[Any], bool]


def write(value: Any) -> str:
    """Write what holds nothing but JSON's types.

    Raises:
        TypeError: it holds something else.
        ValueError: it holds itself, or a number of too many digits.
    """
    return int.__repr__(value) if type(value) is int else _encode(value)


def is_plain_for(hint: Any) -> IsPlain:
    """What finds out of values of a type whether pydantic reads and writes them as they are.

    It says yes to scalars, and to lists and dicts of them. Of others that are plain as well it may
    say no: those take the long way, to the same result.
    """
    kind, args = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return _scalar_or_container
    if kind is list:
        (item,) = args or (Any,)
        return _list_of(_scalars(item))
    if kind is dict:
        key, item = args or (Any, Any)
        return _dict_of(_scalars(item), (str,) if key is str or key is Any else ())
    return _scalar_of(_scalars(hint))


def _scalars(hint: Any) -> Collection[type]:
    """The classes of a hint that allows nothing but scalars; none of any other."""
    if hint is Any:
        return _SCALARS
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    found = [NoneType if part is None else part for part in parts]
    # By identity: not every hint has a hash.
    return frozenset(found) if all(any(each is one for one in _SCALARS) for each in found) else ()


def _scalar_of(classes: Collection[type]) -> IsPlain:
    return lambda value: type(value) in classes and (type(value) is not str or _is_text(value))


def _list_of(classes: Collection[type]) -> IsPlain:
    return lambda value: type(value) is list and _are_plain(value, classes)


def _dict_of(classes: Collection[type], keys: Collection[type] = (str,)) -> IsPlain:
    return lambda value: (
        type(value) is dict and _are_plain(value, keys) and _are_plain(value.values(), classes)
    )


def _are_plain(values: Collection[Any], classes: Collection[type]) -> bool:
    kinds = set(map(type, values))
    return all(kind in classes for kind in kinds) and (
        str not in kinds or all(_is_text(each) for each in values if type(each) is str)
    )


def _is_text(value: str) -> bool:
    """Whether it is Unicode: half of a surrogate pair is not, and pydantic refuses it."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_scalar = _scalar_of(_SCALARS)
_list = _list_of(_SCALARS)
_dict = _dict_of(_SCALARS)


def _scalar_or_container(value: Any) -> bool:
    return _scalar(value) or _list(value) or _dict(value)
