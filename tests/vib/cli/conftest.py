import logging
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from vib.__main__ import main


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def vib(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Gives a command, in this process, which logs as it did before."""
    handlers, level = logging.root.handlers[:], logging.root.level

    def give(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["vib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    yield give
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
