import time

import pytest

from vib.local.receiver import receiver
from vib.notify import REPLAY_WINDOW, BadSignature, NotifyError, notify, sign, verify

SECRET = "a secret"  # noqa: S105 - of these tests only
BODY = b'{"mid": "1"}'


def test_the_web_application_hears_a_signed_message() -> None:
    message = {"uid": "u", "mid": "m", "status": "complete"}

    with receiver(SECRET) as web:
        notify(web.url, SECRET, message)

        assert web.messages.get(timeout=5) == message


def test_a_message_signed_with_another_secret_is_refused_and_not_heard() -> None:
    with receiver(SECRET) as web:
        with pytest.raises(NotifyError, match="answered with status 403"):
            notify(web.url, "another secret", {"mid": "m"})

        assert web.messages.empty()


def test_an_application_that_is_not_there_is_an_error_that_names_it() -> None:
    with receiver(SECRET) as web:
        gone = web.url

    with pytest.raises(NotifyError, match=f"{gone} could not be reached"):
        notify(gone, SECRET, {"mid": "m"})


def test_a_fresh_signature_is_accepted() -> None:
    verify(SECRET, BODY, sign(SECRET, BODY, 1_000), now=1_000 + REPLAY_WINDOW)


def test_a_signature_is_not_accepted_again_after_the_replay_window() -> None:
    with pytest.raises(BadSignature, match="too old"):
        verify(SECRET, BODY, sign(SECRET, BODY, 1_000), now=1_001 + REPLAY_WINDOW)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        verify(SECRET, BODY + b" ", sign(SECRET, BODY, 1_000), now=1_000)


@pytest.mark.parametrize(
    "signature", ["", "v1=00", "t=,v1=00", "t=²,v1=00", "t=1.5,v1=00", "nonsense"]
)
def test_a_signature_without_a_time_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature, match="no time"):
        verify(SECRET, BODY, signature, now=time.time())


def test_a_signature_with_letters_beyond_ascii_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        verify(SECRET, BODY, "t=1000,v1=ü", now=1_000)
