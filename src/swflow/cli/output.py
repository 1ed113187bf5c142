"""How commands print: tables and JSON on standard output, colours only for a terminal."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

_COLOURS = {"good": "32", "bad": "31", "pending": "33", "dim": "2", "bold": "1"}
_GAP = "  "
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60

Cell = str | tuple[str, str]
"""A text, or a text and the name of its colour."""


def print_json(value: Any) -> None:
    """Print one JSON document; times in ISO 8601."""
    print_line(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def print_line(text: str = "") -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def print_table(rows: Sequence[Sequence[Cell]], *, right: Sequence[int] = ()) -> None:
    """Print rows with aligned columns; on a terminal no line is wider than it.

    Args:
        rows: the cells of each row.
        right: the columns that are aligned to the right.
    """
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row, cells in zip(texts, rows, strict=True):
        padded = [
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        padded[-1] = padded[-1].rstrip()
        if room is not None:
            left = max(room - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1), 1)
            padded[-1] = shortened(padded[-1], left)
        coloured = [_coloured(text, cell) for text, cell in zip(padded, cells, strict=True)]
        print_line(_GAP.join(coloured).rstrip())


def coloured(text: str, colour: str) -> str:
    """A text in a colour, where colours are shown."""
    if not _shows_colours():
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def shortened(text: str, length: int) -> str:
    """One line of at most this many characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def span(value: timedelta | None) -> str:
    """A duration in words: 0.12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    whole = round(seconds)
    if seconds < _MINUTE:
        return f"{seconds:.2f} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def clock(value: datetime) -> str:
    """A moment in the local time zone, to the second."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _shows_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _coloured(text: str, cell: Cell) -> str:
    return text if isinstance(cell, str) else coloured(text, cell[1])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} is not JSON")
