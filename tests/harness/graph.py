"""Facebook's Graph API and the pictures that it names, over HTTP."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

VERSION = "v24.0"
USER = "4711"
TOKEN = "EAAB-the-token-of-these-tests"  # noqa: S105


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, code: int, message: str = "", **more: Any) -> Reply:
    """What the Graph API answers when it does not do what it is asked."""
    said = {"message": message, "type": "OAuthException", "code": code, **more}
    return Reply(status, json.dumps({"error": said}).encode())


@dataclass(frozen=True)
class Person:
    """Somebody at Facebook; without a picture of theirs there is a silhouette."""

    id: str
    name: str
    picture: Reply | None = None


class Graph:
    """The user USER, their friends, and the token TOKEN that may ask for them.

    Attributes:
        url: where it listens.
        friends: the user's, in order; None where the token does not allow seeing them.
        page: how many friends there are on a page.
        answers: what is answered to the next calls instead; None lets one through.
        calls: the paths, with what is asked for, of all calls but for pictures.
        fetched: the paths of pictures, with the header Authorization that each came with.
    """

    def __init__(self) -> None:
        self.url = ""
        self.friends: list[Person] | None = []
        self.page = 3
        self.answers: deque[Reply | None] = deque()
        self.calls: list[str] = []
        self.fetched: list[tuple[str, str | None]] = []
        self._lock = Lock()

    def add(self, number: int, name: str, picture: bytes | Reply | None = None) -> Person:
        """Give the user a friend with a picture, or with what is answered in its place."""
        reply = (
            Reply(200, picture, {"Content-Type": "image/jpeg"})
            if isinstance(picture, bytes)
            else picture
        )
        person = Person(str(number), name, reply)
        assert self.friends is not None
        self.friends.append(person)
        return person

    def answer(self, address: str, authorization: str | None) -> Reply:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            if parts.path.startswith("/pictures/"):
                self.fetched.append((parts.path, authorization))
                return self._picture(parts.path)
            self.calls.append(address)
            if self.answers and (instead := self.answers.popleft()):
                return instead
        if authorization != f"Bearer {TOKEN}":
            said = f"Malformed access token {(authorization or '').removeprefix('Bearer ')}"
            return error(400, 190, said, error_subcode=463)
        return self._friends(parts.path, int(query.get("after", 0)))

    def _picture(self, path: str) -> Reply:
        number = path.removeprefix("/pictures/")
        shown = {person.id: person.picture for person in self.friends or ()}
        return shown.get(number) or Reply(404, b"")

    def _friends(self, path: str, start: int) -> Reply:
        me, page = f"/{VERSION}/{USER}", None
        if self.friends is not None:
            shown = self.friends[start : start + self.page]
            page = {"data": [self._told(person) for person in shown]}
            if start + self.page < len(self.friends):
                # As Facebook does it, the token is in the address.
                more = urlencode({"access_token": TOKEN, "after": start + self.page})
                page["paging"] = {"next": f"{self.url}{me}/friends?{more}"}
        if path == f"{me}/friends":
            return Reply(200, json.dumps(page).encode())
        if path == me:
            user = {"id": USER, "name": "The User"}
            friends = {} if page is None else {"friends": page}
            return Reply(200, json.dumps({**user, **friends}).encode())
        return error(404, 803, "Some of the aliases you requested do not exist")

    def _told(self, person: Person) -> dict[str, Any]:
        data = {
            "url": f"{self.url}/pictures/{person.id}?signature=abc",
            "is_silhouette": person.picture is None,
        }
        return {"id": person.id, "name": person.name, "picture": {"data": data}}


@contextmanager
def served(graph: Graph) -> Iterator[Graph]:
    """Serve on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = graph.answer(self.path, self.headers["Authorization"])
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        graph.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield graph
        finally:
            server.shutdown()
            thread.join()
