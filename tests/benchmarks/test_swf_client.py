"""The thin client takes answers as the wire brings them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from benchmarks.swf_client import Connection, RefusedError

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"runId":"r"}'
REFUSAL = b'HTTP/1.1 400 Bad Request\r\ncontent-length: 14\r\n\r\n{"__type":"no"}'


class Wire(asyncio.Transport):
    """Answers each request by the parts it was given."""

    def __init__(self, parts: Sequence[bytes], heard: Callable[[bytes], None]) -> None:
        super().__init__()
        self.parts = parts
        self.heard = heard
        self.connection: Connection

    def write(self, data: Any) -> None:
        for part in self.parts:
            asyncio.get_running_loop().call_soon(self.connection.data_received, part)
        self.heard(bytes(data))


def ignore(_request: bytes) -> None:
    """Nobody looks at the request."""


async def answer_in(
    parts: Sequence[bytes], heard: Callable[[bytes], None] = ignore
) -> dict[str, Any]:
    connection, wire = Connection(), Wire(parts, heard)
    wire.connection = connection
    connection.connection_made(wire)
    return await connection.call("StartWorkflowExecution", {"workflowId": "é"})


def test_a_request_is_http_with_json() -> None:
    heard: list[bytes] = []
    asyncio.run(answer_in([ANSWER], heard.append))
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"X-Amz-Target: SimpleWorkflowService.StartWorkflowExecution" in head
    assert f"Content-Length: {len(body)}".encode() in head


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_answer_may_come_in_parts(size: int) -> None:
    parts = [ANSWER[start : start + size] for start in range(0, len(ANSWER), size)]
    assert asyncio.run(answer_in(parts)) == {"runId": "r"}


def test_an_empty_answer_is_an_empty_object() -> None:
    assert asyncio.run(answer_in([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])) == {}


def test_a_refusal_is_an_error() -> None:
    with pytest.raises(RefusedError, match="__type"):
        asyncio.run(answer_in([REFUSAL]))
