"""A client of the TUS protocol that does what it is told, right or wrong."""

import http.client
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from urllib.parse import urlsplit
from uuid import UUID

from vib.popeye.http.tokens import Audience, issue
from vib.popeye.ingest import NOTHING_SPECIAL, Wishes
from vib.services import Services

CONTENT_TYPE = "application/offset+octet-stream"


def token_of(
    context: Services,
    user_id: UUID,
    audience: Audience = Audience.UPLOAD,
    wishes: Wishes = NOTHING_SPECIAL,
) -> str:
    """What the web application gives a user."""
    return issue(context.upload_secret, user_id, audience, timedelta(hours=1), wishes)


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Message
    body: bytes


class TusClient:
    """Requests of one user, each on a connection of its own."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.token = token

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        **headers: str | None,
    ) -> Answer:
        """Send a request; `Upload_Offset="1"` is a header, None takes one away."""
        all_headers: dict[str, str | None] = {"Tus-Resumable": "1.0.0"}
        if self.token is not None:
            all_headers["Authorization"] = f"Bearer {self.token}"
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            sent = {name: value for name, value in all_headers.items() if value is not None}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def create(self, length: int, filename: str | None = None, **headers: str | None) -> str:
        """A new upload's path."""
        if filename is not None:
            headers["Upload_Metadata"] = f"filename {b64encode(filename.encode()).decode()}"
        answer = self.request("POST", "/uploads", Upload_Length=str(length), **headers)
        assert answer.status == 201, answer
        return str(answer.headers["Location"])

    def patch(self, path: str, offset: int, body: bytes, **headers: str | None) -> Answer:
        """Send bytes of an upload."""
        return self.request(
            "PATCH",
            path,
            body,
            **{"Upload_Offset": str(offset), "Content_Type": CONTENT_TYPE, **headers},
        )

    def head(self, path: str) -> Answer:
        """How far an upload is."""
        return self.request("HEAD", path)
