import sys
from collections.abc import Callable
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
def vib(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Gives a command, in this process."""

    def give(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["vib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return give
