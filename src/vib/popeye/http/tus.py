"""The TUS protocol 1.0 for resumable uploads (https://tus.io), over HTTP.

The core and the extensions creation, expiration, termination and checksum.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vib.db.models import Upload, UploadStatus
from vib.logs import about
from vib.popeye import uploads
from vib.popeye.http.access import permit, surroundings
from vib.popeye.http.names import harmless, read_metadata
from vib.popeye.http.spool import ALGORITHMS, Checksum, Spool
from vib.popeye.http.tokens import Audience

_log = logging.getLogger(__name__)

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination,checksum"
CONTENT_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460

PIECE_BYTES = 16 << 20
"""How much is stored at a time; so much is lost at most when a Popeye is killed."""
SECONDS_OF_SILENCE = 60
"""How long a client may send nothing in the middle of a request."""


class _Endpoint(HTTPEndpoint):
    async def options(self, request: Request) -> Response:
        """Tell what is spoken here."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(surroundings(request).context.settings.upload_max_bytes),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return Response(status_code=204, headers=headers)


class Uploads(_Endpoint):
    """Where uploads are created."""

    async def post(self, request: Request) -> Response:
        """Create an upload."""
        context = surroundings(request).context
        allowed = await permit(request, Audience.UPLOAD)
        length = _number(request, "Upload-Length")
        if length > (most := context.settings.upload_max_bytes):
            raise HTTPException(413, f"Files of more than {most:,} bytes are not taken.")
        metadata = request.headers.get("Upload-Metadata", "")
        upload_id = await run_in_threadpool(
            uploads.create,
            context,
            allowed.user_id,
            _filename(metadata),
            length,
            allowed.wishes,
            client_metadata=metadata or None,
        )
        upload = await _find(request, upload_id, allowed.user_id)
        with about(user_uuid=allowed.user_id, media_uuid=upload.media_id):
            _log.info("upload created", extra={"upload": str(upload_id), "bytes": length})
        location = request.app.url_path_for("upload", upload_id=upload_id)
        return Response(status_code=201, headers={"Location": location, **_expires(upload)})


class OneUpload(_Endpoint):
    """One upload."""

    async def get(self, request: Request) -> Response:
        """Tell what became of it; TUS does not ask this."""
        upload = await _find(request)
        return JSONResponse(
            {
                "upload": str(upload.id),
                "status": upload.status,
                "reason": upload.reason,
                "media": str(upload.media_id),
                "received": upload.received,
                "length": upload.length,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def head(self, request: Request) -> Response:
        """Tell from where to go on."""
        upload = await _find(request)
        headers = {
            "Cache-Control": "no-store",
            "Upload-Offset": str(upload.received),
            "Upload-Length": str(upload.length),
            **_expires(upload),
        }
        if upload.client_metadata is not None:
            headers["Upload-Metadata"] = upload.client_metadata
        return Response(headers=headers)

    async def patch(self, request: Request) -> Response:
        """Take the next bytes, as many as come."""
        if request.headers.get("Content-Type") != CONTENT_TYPE:
            raise HTTPException(415, f"The Content-Type has to be {CONTENT_TYPE}.")
        start = _number(request, "Upload-Offset")
        checksum = _checksum(request)
        upload = await _find(request)
        if start != upload.received:
            raise HTTPException(409, f"The upload goes on at {upload.received}, not at {start}.")
        if _number(request, "Content-Length", default=0) > upload.length - start:
            raise HTTPException(413, f"The file was to have {upload.length} bytes, not more.")
        with about(user_uuid=upload.user_id, media_uuid=upload.media_id):
            upload = await _receive(request, upload, checksum)
        return Response(
            status_code=204, headers={"Upload-Offset": str(upload.received), **_expires(upload)}
        )

    async def delete(self, request: Request) -> Response:
        """Forget it."""
        upload = await _find(request)
        context = surroundings(request).context
        if not await run_in_threadpool(uploads.terminate, context, upload.id):
            raise HTTPException(409, "The file is complete and is being processed.")
        return Response(status_code=204)


class TusHeaders:
    """Sees to what all requests and answers of the protocol have in common."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is of another version."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        headers = Request(scope).headers
        if scope["method"] == "POST" and "X-HTTP-Method-Override" in headers:
            scope = {**scope, "method": headers["X-HTTP-Method-Override"].upper()}
        speaks = headers.get("Tus-Resumable", VERSION if scope["method"] in _FREE else "")
        app: ASGIApp = self._app
        if speaks != VERSION:
            app = Response("Speak Tus-Resumable 1.0.0.", 412, {"Tus-Version": VERSION})
        await app(scope, receive, answer)


_FREE = ("OPTIONS", "GET")


class _BrokenOff(HTTPException):
    """The rest of a request does not come; what has come counts."""


async def _receive(request: Request, upload: Upload, checksum: Checksum | None) -> Upload:
    """Store what a request brings, in pieces; with a checksum, all of it or nothing."""
    around = surroundings(request)
    with Spool(around.context.scratch_folder, checksum) as spool:
        try:
            async for chunk in _chunks(request):
                spool.write(chunk)
                around.received(len(chunk))
                if upload.received + spool.bytes > upload.length:
                    raise HTTPException(413, f"The file was to have {upload.length} bytes.")
                if checksum is None and spool.bytes >= PIECE_BYTES:
                    upload = await _store(request, upload, spool)
        except _BrokenOff:
            if checksum is None:
                await _store(request, upload, spool)
            raise
        if not spool.adds_up():
            raise HTTPException(CHECKSUM_MISMATCH, "The content is not what its checksum says.")
        return await _store(request, upload, spool)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """What a request brings, as it comes.

    Raises:
        _BrokenOff: there is more, but it does not come, or is not waited for.
    """
    stream = request.stream()
    while True:
        if surroundings(request).is_stopping():
            headers = {"Retry-After": "1", "Connection": "close"}
            raise _BrokenOff(503, "This server is being stopped. Go on with another.", headers)
        try:
            async with asyncio.timeout(SECONDS_OF_SILENCE):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise _BrokenOff(408, "Nothing more came.", {"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise _BrokenOff(400, "The connection was lost.") from error
        yield chunk


async def _store(request: Request, upload: Upload, spool: Spool) -> Upload:
    if not spool.bytes:
        return upload
    context = surroundings(request).context
    spool.flush()
    try:
        upload = await run_in_threadpool(
            uploads.append, context, upload.id, upload.received, spool.path
        )
    except uploads.Moved as error:
        raise HTTPException(409, "Another request went on with this upload.") from error
    spool.clear()
    return upload


async def _find(
    request: Request, upload_id: UUID | None = None, user_id: UUID | None = None
) -> Upload:
    """The upload that a request is about, if whoever asks may know of it."""
    if user_id is None:
        user_id = (await permit(request, Audience.UPLOAD)).user_id
    context = surroundings(request).context
    asked = upload_id or request.path_params["upload_id"]
    upload = await run_in_threadpool(uploads.find, context, asked, user_id)
    if upload is None:
        raise HTTPException(404, "There is no such upload.")
    if upload.status == UploadStatus.RECEIVING and upload.expires_at < datetime.now(UTC):
        raise HTTPException(410, "The upload has expired.")
    return upload


def _expires(upload: Upload) -> dict[str, str]:
    if upload.status != UploadStatus.RECEIVING:
        return {}
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}


def _number(request: Request, header: str, default: int | None = None) -> int:
    value = request.headers.get(header)
    if value is None and default is not None:
        return default
    if value is None or not (value.isascii() and value.isdecimal() and len(value) < 19):  # noqa: PLR2004 - as PostgreSQL's bigint
        raise HTTPException(400, f"{header} has to be a number of bytes.")
    return int(value)


def _checksum(request: Request) -> Checksum | None:
    header = request.headers.get("Upload-Checksum")
    try:
        return None if header is None else Checksum.read(header)
    except ValueError as error:
        raise HTTPException(400, f"Upload-Checksum is not understood: {error}.") from error


def _filename(metadata: str) -> str:
    """The name by which the client calls the file."""
    try:
        said = read_metadata(metadata)
    except ValueError as error:
        raise HTTPException(400, f"Upload-Metadata is not understood: {error}.") from error
    return harmless(said.get("filename") or said.get("name") or "")
