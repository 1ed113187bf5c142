"""Whatever comes over the wire, the answer is a well-formed one and the service lives.

Every input is either answered by what SWF's clients understand, or by an AWS error: an HTTP status
below 500, a request id, and JSON with `__type`. LOCALSWF_FUZZ_INPUTS is how many inputs each test
tries, LOCALSWF_FUZZ_SEED which; the same seed gives the same inputs.
"""

import json
import os
import re
import socket
import uuid
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from harness import fuzz
from harness.fuzz_calls import Caller
from localswf.model import operations
from localswf.offline.check import check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

INPUTS = int(os.environ.get("LOCALSWF_FUZZ_INPUTS", "2500"))
SEED = os.environ.get("LOCALSWF_FUZZ_SEED", "1")
HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]+\r\n((?:[A-Za-z-]+: [^\r\n]*\r\n)*)\r\n")
STATUSES = {200, 400, 404, 411, 413, 431}
POLL_SECONDS = 0.02
LARGEST_BODY = 1024 * 1024
POLLS = {"PollForActivityTask", "PollForDecisionTask"}
GOOD = [
    fuzz.http("ListDomains", b'{"registrationStatus":"REGISTERED"}'),
    fuzz.http("DescribeDomain", b'{"name":"videos"}'),
    fuzz.http("DescribeDomain", b'{"name":"nowhere"}'),
    fuzz.http("CountPendingActivityTasks", b'{"domain":"videos","taskList":{"name":"a"}}'),
    b"GET /health HTTP/1.1\r\n\r\n",
    fuzz.in_chunks("DescribeDomain", b'{"name":', b'"nowhere"}'),
]


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    return Random(f"{SEED} {request.node.name}")  # noqa: S311 - inputs that come again, no secrets


@pytest.fixture
def server(swf_server: Any) -> Iterator[Any]:
    """A server that has to be as well as ever at the end."""
    call(swf_server, "RegisterDomain", name="videos", workflowExecutionRetentionPeriodInDays="1")
    yield swf_server
    assert call(swf_server, "DescribeDomain", name="videos")["domainInfo"]["name"] == "videos"
    assert swf_server.stop() == 0
    for line in swf_server.log.read_text().splitlines():
        assert json.loads(line)["level"] == "info"
    check(swf_server.data)


def connect(server: Any) -> socket.socket:
    port = int(server.endpoint_url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def call(server: Any, operation: str, **request: Any) -> Any:
    with connect(server) as connection:
        connection.sendall(fuzz.http(operation, json.dumps(request).encode()))
        (answer,) = read(connection, 1)
    return json.loads(answer or b"{}")


def read(connection: socket.socket, wanted: int | None = None) -> list[bytes]:
    """The bodies of so many responses, or of all until the server hangs up; each well-formed."""
    bodies: list[bytes] = []
    data = b""
    while wanted is None or len(bodies) < wanted:
        head = HEAD.match(data)
        if head is None or len(data) < head.end() + length(head):
            received = connection.recv(65536)
            if not received:
                assert (data, wanted) == (b"", None), "the server hung up within a response"
                return bodies
            data += received
            continue
        body = data[head.end() : head.end() + length(head)]
        data = data[head.end() + len(body) :]
        if head[1] != b"100":
            hold_well_formed(head, body)
            bodies.append(body)
    assert not data
    return bodies


def length(head: "re.Match[bytes]") -> int:
    found = re.search(rb"Content-Length: (\d+)\r\n", head[2])
    assert found or head[1] == b"100"
    return int(found[1]) if found else 0


def hold_well_formed(head: "re.Match[bytes]", body: bytes) -> None:
    status = int(head[1])
    assert status in STATUSES, (head[0], body)
    request_id = re.search(rb"x-amzn-RequestId: ([^\r\n]+)\r\n", head[2])
    assert request_id
    uuid.UUID(request_id[1].decode())
    answer = json.loads(body) if body else None
    if status == 200:
        assert answer is None or isinstance(answer, dict)
    else:
        assert re.fullmatch(r"com\.amazon[a-z.]*#[A-Za-z]+", answer["__type"])
        assert isinstance(answer.get("message", ""), str)


def tell(server: Any, pieces: list[bytes]) -> list[bytes]:
    """Say something, then no more; the bodies of what is answered."""
    with connect(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return read(connection)


class Conversation:
    """One request after the other over a connection that is kept."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._connection = connect(server)

    def ask(self, operation: str, body: bytes) -> bytes:
        """The answer's body; nothing for a poll that waits."""
        self._connection.settimeout(POLL_SECONDS if operation in POLLS else 60)
        self._connection.sendall(fuzz.http(operation, body))
        try:
            (answer,) = read(self._connection, 1)
        except TimeoutError:
            assert operation in POLLS, body
            answer = b""
        if len(body) > LARGEST_BODY or not answer:
            self.close()
            self._connection = connect(self._server)
        return answer

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def conversation(server: Any) -> Iterator[Conversation]:
    conversation = Conversation(server)
    yield conversation
    conversation.close()


def test_random_bytes(server: Any, random: Random) -> None:
    for _ in range(INPUTS):
        data = fuzz.random_bytes(random)
        says_something = re.sub(rb"^(\r\n)+", b"", data) != b""
        assert bool(tell(server, [data])) == says_something, data


def test_damaged_requests_in_pieces(server: Any, random: Random) -> None:
    for _ in range(INPUTS):
        data = fuzz.mutated(random, GOOD)
        says_something = re.sub(rb"^(\r\n)+", b"", data) != b""
        assert bool(tell(server, fuzz.split(random, data))) == says_something, data


def test_good_requests_in_pieces(server: Any, random: Random) -> None:
    for _ in range(INPUTS // 10):
        requests = random.choices(GOOD, k=random.randint(1, 5))
        pieces = fuzz.split(random, b"".join(requests))
        assert len(tell(server, pieces)) == len(requests)


def test_any_json(conversation: Conversation, random: Random) -> None:
    for _ in range(INPUTS):
        operation = random.choice(tuple(operations()))
        body = fuzz.random_json(random).encode("utf-8", "surrogatepass")
        conversation.ask(operation, body)


@pytest.mark.parametrize("hostility", [0.0, 0.02, 0.3])
def test_hostile_members(conversation: Conversation, random: Random, hostility: float) -> None:
    caller = Caller(random, hostility)
    for _ in range(INPUTS):
        operation, body = caller.request()
        caller.hear(operation, conversation.ask(operation, body))
