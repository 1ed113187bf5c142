"""What a question asks: some things to choose an answer about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from vib.db.models import Question
from vib.errors import VibError


@dataclass(frozen=True)
class Choice:
    """An answer to choose. `picture` is a key in the storage of what shows it, if anything does."""

    value: str
    text: str
    picture: str | None = None


@dataclass(frozen=True)
class Item:
    """Something to choose an answer about.

    Attributes:
        name: the lowest of the tracks.
        tracks: all that the answer is about: of one person, as far as anybody can doubt it.
        picture: the key of the best picture of their face.
        choices: what may be answered.
        otherwise: which of them counts where people do not say, or do not agree.
    """

    name: str
    tracks: list[int]
    picture: str
    choices: list[Choice]
    otherwise: str


_ITEMS = TypeAdapter(list[Item])


class NonsenseError(VibError):
    """An answer is none to its question; the sentence says why."""


def items_of(question: Question) -> list[Item]:
    """What a question asks."""
    return _ITEMS.validate_python(question.items)


def column_of(items: Sequence[Item]) -> Any:
    """What a question's column `items` says."""
    return _ITEMS.dump_python(list(items))


def check(question: Question, choices: Mapping[str, str]) -> None:
    """Make sure that an answer is one to this question.

    Raises:
        NonsenseError: something was not answered, or otherwise than was to choose from.
    """
    items = items_of(question)
    for item in items:
        if item.name not in choices:
            raise NonsenseError(f"Picture {item.name} has no answer.")
        if choices[item.name] not in {choice.value for choice in item.choices}:
            raise NonsenseError(f"Picture {item.name} has an answer that was not to choose from.")
    for name in choices.keys() - {item.name for item in items}:
        raise NonsenseError(f"There is no picture {name[:20]!r} in the question.")
