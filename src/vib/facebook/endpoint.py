"""Requests to link and unlink users over HTTP, where there is no queue: a part of Popeye."""

from uuid import UUID

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vib.db.models import Contact, Link
from vib.facebook.names import PROVIDER, workflow_id
from vib.facebook.requests import BadRequest, FacebookRequest, OtherActionRunning, accept
from vib.logs import about
from vib.popeye.http.access import body_of, permit, surroundings
from vib.popeye.http.tokens import Audience
from vib.services import Services

_SECONDS_TO_WAIT = "30"


class Facebook(HTTPEndpoint):
    """POST takes what the queue has for messages; GET tells how far it is."""

    async def post(self, request: Request) -> Response:
        """Link or unlink the token's user, if the message is about them."""
        allowed = await permit(request, Audience.FACEBOOK)
        try:
            asked = FacebookRequest.read(await body_of(request))
            if asked.user_uuid != allowed.user_id:
                raise HTTPException(403, "The token is another user's.")
            with about(user_uuid=allowed.user_id):
                receipt = await run_in_threadpool(accept, surroundings(request).context, asked)
        except BadRequest as error:
            raise HTTPException(400, str(error)) from error
        except OtherActionRunning as error:
            headers = {"Retry-After": _SECONDS_TO_WAIT}
            raise HTTPException(409, str(error), headers) from error
        return JSONResponse({"workflow": workflow_id(allowed.user_id), "status": receipt}, 202)

    async def get(self, request: Request) -> Response:
        """How far the token's user is linked."""
        allowed = await permit(request, Audience.FACEBOOK)
        context = surroundings(request).context
        return JSONResponse(await run_in_threadpool(_state, context, allowed.user_id))


def _state(context: Services, user_id: UUID) -> dict[str, object]:
    contacts = select(func.count()).select_from(Contact)
    with context.sessions() as session:
        link = session.get(Link, (user_id, PROVIDER))
        return {
            "status": link.status if link else None,
            "reason": link.reason if link else None,
            "contacts": session.scalar(contacts.filter_by(user_id=user_id, provider=PROVIDER)),
        }
