"""Tokens open only what was sealed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localswf.engine.tokens import Tokens
from localswf.errors import SwfError

FIELDS = st.lists(st.integers() | st.booleans() | st.text())


@given(fields=FIELDS)
def test_what_was_sealed_is_found_again(fields: list[int | bool | str]) -> None:
    token = Tokens(b"secret").make("kind", *fields)
    assert Tokens(b"secret").read("kind", token) == fields


@given(token=st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_nothing_else_is_a_token(token: str) -> None:
    with pytest.raises(SwfError, match="Invalid token"):
        Tokens(b"secret").read("kind", token)


def test_a_token_of_another_file_is_none() -> None:
    token = Tokens(b"one").make("kind", 1)
    with pytest.raises(SwfError, match="Invalid token"):
        Tokens(b"another").read("kind", token)


def test_every_letter_counts() -> None:
    tokens = Tokens(b"secret")
    token = tokens.make("kind", 123456)
    for at in range(len(token) - 4):
        forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(SwfError, match="Invalid token"):
            tokens.read("kind", forged)
