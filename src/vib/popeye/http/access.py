from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vib.db.models import User
from vib.popeye.http.tokens import Audience, BadToken, Permit, read
from vib.services import Services

LONGEST_BODY = 65_536  # bytes of a JSON request


@dataclass(frozen=True)
class Surroundings:
    """What every request works with.

    Attributes:
        context: the services.
        secret: the key of the tokens.
        is_stopping: tells whether this Popeye is to end.
        received: is told how many bytes have come.
    """

    context: Services
    secret: str
    is_stopping: Callable[[], bool]
    received: Callable[[int], None]


def surroundings(request: Request) -> Surroundings:
    """What this request works with."""
    return cast("Surroundings", request.app.state.surroundings)


async def body_of(request: Request) -> bytes:
    """The body of a request that is JSON.

    Raises:
        HTTPException: it is longer than any that is understood (413).
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise HTTPException(413, f"More than {LONGEST_BODY:,} bytes of JSON.")
    return body


async def permit(request: Request, audience: Audience) -> Permit:
    """What whoever asks may do.

    Raises:
        HTTPException: nothing: there is no token (401), or none that counts, or no such user (403).
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "A token is needed.", {"WWW-Authenticate": "Bearer"})
    around = surroundings(request)
    try:
        allowed = read(around.secret, token.strip(), audience)
    except BadToken as error:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, str(error), headers) from error
    if not await run_in_threadpool(_is_known, around.context, allowed):
        raise HTTPException(403, "There is no such user.")
    return allowed


def _is_known(context: Services, allowed: Permit) -> bool:
    with context.sessions() as session:
        return session.get(User, allowed.user_id) is not None
