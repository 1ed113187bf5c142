"""What is given on the command line as text: arguments, values, moments, numbers."""

import argparse
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from swflow.errors import SwflowError
from swflow.values.serialize import Codec

_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LARGEST_PORT = 65_535
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = re.compile(rf"(\d+(?:\.\d+)?)([{''.join(_UNITS)}])")

ARGUMENTS_HELP = "an argument of its function, as JSON: 3 '\"text\"' '[1, 2]'; by name: copies=3"


def call(codec: Codec, words: Iterable[str]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that words on the command line stand for, as the function takes them.

    Args:
        codec: of the function.
        words: each JSON, or `name=` and JSON.

    Raises:
        SwflowError: one is not JSON, or they do not fit the function.
    """
    args, kwargs = [], {}
    for word in words:
        named = _NAMED.fullmatch(word)
        if named is None:
            args.append(json_value(word))
        else:
            kwargs[named[1]] = json_value(named[2])
    return codec.load_call(json.dumps({"args": args, "kwargs": kwargs}))


def json_value(text: str) -> Any:
    """A value that is given as JSON.

    Raises:
        SwflowError: it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        quoted = json.dumps(text)
        raise SwflowError(
            f"{text!r} is not JSON: {error}; if it is meant as text, write '{quoted}'"
        ) from error


def moment(text: str) -> datetime:
    """A time as `--since` takes it: ISO 8601, or a time span before now such as 90m or 2d.

    Raises:
        ArgumentTypeError: it is neither.
    """
    try:
        if _SPAN.fullmatch(text):
            return datetime.now(UTC) - time_span(text)
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a time such as 2026-01-31T12:00 nor a span such as 30s, 90m, "
            f"12h or 2d before now"
        ) from None


def time_span(text: str) -> timedelta:
    """A time span such as 30s, 90m, 12h or 2d.

    Raises:
        ArgumentTypeError: it is none, or longer than time.
    """
    try:
        found = _SPAN.fullmatch(text)
        if found is not None:
            return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no time span such as 30s, 90m, 12h or 2d")


def positive(text: str) -> int:
    """A whole number from 1 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def natural(text: str) -> int:
    """A whole number from 0 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def port(text: str) -> int:
    """A port of this machine; 0 for a free one.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {_LARGEST_PORT}")
    return int(text)
