import time

import pytest
from cryptography.fernet import Fernet

from vib.errors import VibError
from vib.facebook.sealing import LIFETIME, TokenSeal


def key() -> str:
    return Fernet.generate_key().decode()


def test_a_sealed_token_is_opened_and_does_not_show() -> None:
    seal = TokenSeal(key())

    sealed = seal.seal("EAAB")

    assert "EAAB" not in sealed
    assert seal.open(sealed) == "EAAB"


def test_a_key_is_changed_by_putting_a_new_one_first() -> None:
    old, new = key(), key()
    sealed = TokenSeal(old).seal("EAAB")

    both = TokenSeal(f"{new}, {old}")

    assert both.open(sealed) == "EAAB"
    assert TokenSeal(new).open(both.seal("EAAB")) == "EAAB"


def test_what_another_key_sealed_is_not_opened() -> None:
    with pytest.raises(VibError, match="another key"):
        TokenSeal(key()).open(TokenSeal(key()).seal("EAAB"))


def test_a_token_counts_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = TokenSeal(key())
    sealed = seal.seal("EAAB")
    tomorrow = time.time() + LIFETIME.total_seconds() + 2
    monkeypatch.setattr(time, "time", lambda: tomorrow)

    with pytest.raises(VibError, match="more than a day ago"):
        seal.open(sealed)


@pytest.mark.parametrize("wrong", ["", "short", "no key" * 10, f"{'A' * 43}=,x"])
def test_a_key_that_is_none_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(VibError, match="VIB_FACEBOOK_KEYS is wrong") as refused:
        TokenSeal(wrong)
    assert not wrong or wrong not in str(refused.value)
