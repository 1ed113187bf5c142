"""Tokens by which the web application lets somebody hand in files: JSON Web Tokens, HS256.

`sub` is the user's id, `aud` what it is for, `exp` when it ends; the rest are `Wishes`.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import jwt
from pydantic import TypeAdapter, ValidationError

from vib.popeye.ingest import NOTHING_SPECIAL, Wishes

_ALGORITHM = "HS256"
_WISHES = TypeAdapter(Wishes)


class Audience(StrEnum):
    """What a token is for: sending files, as users do; the others are the web application's alone.

    PROCESS names files that are there already, FACEBOOK links users to Facebook.
    """

    UPLOAD = "upload"
    PROCESS = "process"
    FACEBOOK = "facebook"


class BadToken(Exception):  # noqa: N818 - named as jwt and the standard library name such things
    """It is not ours, is for something else, or has expired."""


@dataclass(frozen=True)
class Permit:
    """Whose files may be handed in, and what is asked for with them."""

    user_id: UUID
    wishes: Wishes


def issue(
    secret: str,
    user_id: UUID,
    audience: Audience,
    lifetime: timedelta,
    wishes: Wishes = NOTHING_SPECIAL,
) -> str:
    """Make a token, as the web application does."""
    wanted = {name: _plain(value) for name, value in asdict(wishes).items() if value}
    claims = {"sub": str(user_id), "aud": audience.value, "exp": datetime.now(UTC) + lifetime}
    return jwt.encode({**wanted, **claims}, secret, _ALGORITHM)


def read(secret: str, token: str, audience: Audience) -> Permit:
    """Check a token.

    Raises:
        BadToken: it is none that counts; the sentence says why.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            [_ALGORITHM],
            audience=audience.value,
            options={"require": ["sub", "aud", "exp"]},
        )
        return Permit(UUID(claims["sub"]), _WISHES.validate_python(claims))
    except jwt.PyJWTError as error:
        raise BadToken(f"The token is not accepted: {error}.") from error
    except (ValueError, ValidationError) as error:
        raise BadToken("The token names no user, or says what nobody understands.") from error


def _plain(value: bool | UUID) -> bool | str:
    return value if isinstance(value, bool) else str(value)
