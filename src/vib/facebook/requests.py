"""What the web application asks for: that a user be linked to Facebook, or not any more."""

from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

import swflow
from vib.db.models import Link, LinkStatus, User
from vib.errors import VibError
from vib.facebook import links
from vib.facebook.names import PROVIDER, workflow_id
from vib.messages import FacebookJob
from vib.services import Services
from vib.workflows.create_contacts import create_contacts
from vib.workflows.remove_contacts import remove_contacts

_WORKFLOWS = {"link": create_contacts, "unlink": remove_contacts}


class BadRequest(VibError):  # noqa: N818 - named for what is wrong
    """A request that can never be carried out."""


class OtherActionRunning(Exception):  # noqa: N818 - named for what is wrong
    """The user is being unlinked, or linked, just now: the request has to wait for the end."""


class FacebookRequest(BaseModel):
    """A message of the queue, or the body of `POST /facebook`."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)

    user_uuid: UUID
    action: Literal["link", "unlink"]
    facebook_id: str | None = Field(None, pattern=r"^[0-9]{1,64}$")
    fb_access_token: SecretStr | None = Field(None, min_length=1, max_length=4_096)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.action == "link" and not (self.facebook_id and self.fb_access_token):
            raise ValueError("link needs facebook_id and fb_access_token")
        return self

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """A request from JSON.

        Raises:
            BadRequest: it is none; the sentence does not repeat what it says.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            said = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in problems
            )
            raise BadRequest(f"The request is not understood: {said}.") from None


class Receipt(StrEnum):
    """What became of a request.

    RUNNING: it is being done already. LISTING: so it is, but maybe with an older token that fails;
    whoever can ask again should, until it is something else.
    """

    STARTED = "started"
    RUNNING = "running"
    LISTING = "listing"


def accept(context: Services, request: FacebookRequest) -> Receipt:
    """Start the workflow that does what is asked for, unless just that is being done.

    The token is stored first, sealed: a workflow never looks for one in vain. A crash between the
    two leaves a token that `sync` forgets, and a request that comes again.

    Raises:
        BadRequest: there is no such user.
        OtherActionRunning: the opposite is being done.
    """
    user_id = request.user_uuid
    sealed = _store_token(context, request)
    workflow = _WORKFLOWS[request.action]
    try:
        context.swf.start(workflow, FacebookJob(user_id), workflow_id=workflow_id(user_id))
    except swflow.WorkflowAlreadyRunning:
        running = _running(context, user_id)
        if running is None:
            return accept(context, request)
        if running == workflow.name:
            return _receipt(context, request)
        if sealed is not None:
            with context.sessions.begin() as session:
                links.take_back(session, user_id, sealed)
        raise OtherActionRunning(
            f"The user cannot be {request.action}ed while the opposite is being done."
        ) from None
    return Receipt.STARTED


def _store_token(context: Services, request: FacebookRequest) -> str | None:
    with context.sessions.begin() as session:
        if session.get(User, request.user_uuid) is None:
            raise BadRequest(f"There is no user {request.user_uuid}.")
        # Only a link needs the token, though messages to unlink may have one, too.
        if request.action == "unlink" or not (request.facebook_id and request.fb_access_token):
            return None
        sealed = context.token_seal.seal(request.fb_access_token.get_secret_value())
        links.ask(session, request.user_uuid, request.facebook_id, sealed)
        return sealed


def _receipt(context: Services, request: FacebookRequest) -> Receipt:
    """Whether what is running is sure to do what is asked for."""
    with context.sessions() as session:
        link = session.get(Link, (request.user_uuid, PROVIDER))
    is_listed = link is not None and link.status in (LinkStatus.LISTED, LinkStatus.LINKED)
    return Receipt.RUNNING if is_listed or request.action == "unlink" else Receipt.LISTING


def _running(context: Services, user_id: UUID) -> str | None:
    """The name of the workflow that is open for a user; None if it has just closed."""
    info = context.swf.execution(workflow_id(user_id)).describe()["executionInfo"]
    return str(info["workflowType"]["name"]) if info["executionStatus"] == "OPEN" else None
