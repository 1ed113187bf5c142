"""Popeye's HTTP interface, as an ASGI application."""

import logging
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vib import keys
from vib.facebook.endpoint import Facebook
from vib.logs import about
from vib.popeye import uploads
from vib.popeye.http.access import Surroundings, body_of, permit, surroundings
from vib.popeye.http.names import harmless
from vib.popeye.http.tokens import Audience, Permit
from vib.popeye.http.tus import OneUpload, TusHeaders, Uploads
from vib.services import Services

_log = logging.getLogger(__name__)

REQUESTS = Histogram("vib_popeye_request_seconds", "Requests", ("method", "status"))
BYTES = Counter("vib_popeye_received_bytes", "Bytes of uploads that have arrived")


def application(surroundings: Surroundings) -> Starlette:
    """The application; what its requests work with is given."""
    tus = [Middleware(TusHeaders)]
    has_keys = surroundings.context.settings.facebook_keys is not None
    app = Starlette(
        routes=[
            Route("/uploads", Uploads, middleware=tus),
            Route("/uploads/{upload_id:uuid}", OneUpload, name="upload", middleware=tus),
            Route("/process", _process, methods=["POST"]),
            *([Route("/facebook", Facebook)] if has_keys else []),
            Route("/health", _health),
        ],
        middleware=[
            Middleware(_Record),
            Middleware(
                CORSMiddleware,
                allow_origins=surroundings.context.settings.upload_origins,
                allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"],
                allow_headers=["*"],
                expose_headers=_READABLE,
            ),
        ],
    )
    app.state.surroundings = surroundings
    return app


_READABLE = (
    "Location",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
)
"""The headers of answers that scripts of web pages may read."""


class _Order(BaseModel):
    """What POST /process takes: the key of a file in the storage, or the path of one here."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = None
    path: Path | None = None
    filename: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "_Order":
        if (self.key is None) == (self.path is None):
            raise ValueError("give either a key or a path")
        return self


async def _process(request: Request) -> Response:
    """Take a file that is there already for an upload that is complete."""
    allowed = await permit(request, Audience.PROCESS)
    context = surroundings(request).context
    order = await _order(request)
    try:
        upload_id = await run_in_threadpool(_hand_in, context, allowed, order)
    except (FileNotFoundError, ValueError) as error:
        raise HTTPException(422, str(error)) from error
    with about(user_uuid=allowed.user_id):
        _log.info("file handed in", extra={"upload": str(upload_id)})
    location = request.app.url_path_for("upload", upload_id=upload_id)
    return JSONResponse({"upload": str(upload_id)}, 202, {"Location": location})


async def _order(request: Request) -> _Order:
    try:
        return _Order.model_validate_json(await body_of(request))
    except ValidationError as error:
        said = "; ".join(problem["msg"] for problem in error.errors(include_url=False))
        raise HTTPException(400, f"The request is not understood: {said}.") from error


def _hand_in(context: Services, allowed: Permit, order: _Order) -> UUID:
    if order.key is not None:
        if not order.key.startswith(f"{keys.INCOMING}/"):
            raise ValueError(f"{order.key!r} is not below {keys.INCOMING}/.")
        name = harmless(order.filename or order.key)
        return uploads.hand_in(context, allowed.user_id, name, order.key, allowed.wishes)
    path = _allowed_path(context, order.path or Path())
    upload_id = uploads.create(
        context,
        allowed.user_id,
        harmless(order.filename or path.name),
        path.stat().st_size,
        allowed.wishes,
    )
    if path.stat().st_size:
        uploads.append(context, upload_id, 0, path)
    return upload_id


def _allowed_path(context: Services, path: Path) -> Path:
    folder = context.settings.process_folder
    if folder is None:
        raise ValueError("Files of this machine are not processed: no folder is set for them.")
    resolved = (folder / path).resolve()
    if not resolved.is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is not below {folder}.")
    if not resolved.is_file():
        raise FileNotFoundError(f"There is no file {path} below {folder}.")
    return resolved


async def _health(request: Request) -> Response:
    """Whether uploads can be taken: the database has to be there."""
    engine = surroundings(request).context.engine

    def look() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    try:
        await run_in_threadpool(look)
    except OperationalError:
        return PlainTextResponse("The database cannot be reached.", 503)
    return PlainTextResponse("ok")


class _Record:
    """Logs and counts every request, without what is secret in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and take note of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status: Any = "none"

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            seconds = time.monotonic() - began
            REQUESTS.labels(scope["method"], status).observe(seconds)
            if scope["path"] != "/health":
                fields = {"method": scope["method"], "path": scope["path"], "status": status}
                _log.info("answered", extra={**fields, "seconds": round(seconds, 3)})
