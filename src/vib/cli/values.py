"""What is given on the command line as text: numbers, ports, folders."""

import argparse
from collections.abc import Callable
from pathlib import Path

_LARGEST_AMOUNT = 10_000_000


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number within these bounds, which count."""

    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return int(text)

    return number


port = whole(0, 65_535)
processes = whole(1, 1_000)
retention_days = whole(1, 90)


def amount(text: str) -> float:
    """A number that is not negative, of seconds or minutes.

    Raises:
        ArgumentTypeError: it is none, or so large that no date is that far away.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= _LARGEST_AMOUNT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LARGEST_AMOUNT:,}")
    return number


def folder(text: str) -> Path:
    """A folder, which need not be there.

    Raises:
        ArgumentTypeError: the name is empty, which would be the folder one is in.
    """
    if not text:
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)
