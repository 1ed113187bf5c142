from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from vib.popeye.http.tokens import Audience, BadToken, Permit, issue, read
from vib.popeye.ingest import Wishes

SECRET = "of these tests only, and as long as it has to be"  # noqa: S105
USER = uuid4()
HOUR = timedelta(hours=1)


def test_a_token_says_who_may_and_what_is_wished_for() -> None:
    wishes = Wishes(skip_faces=True, album_id=uuid4(), media_id=uuid4())

    token = issue(SECRET, USER, Audience.UPLOAD, HOUR, wishes)

    assert read(SECRET, token, Audience.UPLOAD) == Permit(USER, wishes)


@pytest.mark.parametrize(
    ("secret", "audience", "lifetime"),
    [
        ("another secret of these tests, long enough too", Audience.UPLOAD, HOUR),
        (SECRET, Audience.PROCESS, HOUR),
        (SECRET, Audience.UPLOAD, -HOUR),
    ],
)
def test_a_token_of_somebody_else_or_for_something_else_or_of_yesterday_does_not_count(
    secret: str, audience: Audience, lifetime: timedelta
) -> None:
    token = issue(secret, USER, audience, lifetime)

    with pytest.raises(BadToken):
        read(SECRET, token, Audience.UPLOAD)


@pytest.mark.parametrize(
    "change", [{"exp": None}, {"sub": None}, {"sub": "me"}, {"skip_faces": "perhaps"}]
)
def test_a_token_that_lacks_something_does_not_count(change: dict[str, Any]) -> None:
    claims = {"sub": str(USER), "aud": "upload", "exp": 1 << 40, **change}
    token = jwt.encode({name: v for name, v in claims.items() if v is not None}, SECRET, "HS256")

    with pytest.raises(BadToken):
        read(SECRET, token, Audience.UPLOAD)


def test_a_token_that_nobody_signed_does_not_count() -> None:
    claims = {"sub": str(USER), "aud": "upload", "exp": 1 << 40}

    for token in (jwt.encode(claims, None, "none"), "nonsense", ""):
        with pytest.raises(BadToken):
            read(SECRET, token, Audience.UPLOAD)
