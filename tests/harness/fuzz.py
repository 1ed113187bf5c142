"""Hostile bytes and JSON for the service's wire."""

import json
from collections.abc import Callable, Sequence
from random import Random

SCRAPS = (
    b"POST / HTTP/1.1\r\n",
    b"GET /health HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"X-Amz-Target: SimpleWorkflowService.ListDomains\r\n",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"0\r\n\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b":",
    b" ",
    b"{}",
    b'{"registrationStatus":"REGISTERED"}',
    b"99999999999999999999",
    b"-1",
    b"\x00",
    b"\xff\xfe",
)
# Texts, as JSON has them.
TEXTS = (
    '""',
    '"a"',
    '"NONE"',
    '"0"',
    '"-1"',
    '"99999999"',
    '"1e3"',
    '"\\u0661"',
    '"arn"',
    '"a:b"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud83d"',
    '"\\ud83c\\udfa5"',
    '"%s"',
    f'"{"x" * 257}"',
    f'"{"x" * 32_769}"',
)
VALUES = (
    *TEXTS,
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "9" * 30,
    "9" * 5_000,
    "[]",
    "{}",
    "[null]",
    '{"":null}',
    "[" * 400 + "]" * 400,
    '{"a":' * 100_000,
    "tru",
    '"',
)
LARGE = f'"{"y" * 1_000_000}"'
_NAMES = ("name", "domain", "taskList", "decisions", "workflowId", "", "\u0000", "__proto__")


def http(operation: str, body: bytes) -> bytes:
    """A request as the SDKs send it."""
    head = (
        f"POST / HTTP/1.1\r\nHost: swf\r\nX-Amz-Target: SimpleWorkflowService.{operation}\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def in_chunks(operation: str, *chunks: bytes) -> bytes:
    """A request with a body that comes in pieces."""
    head = (
        f"POST / HTTP/1.1\r\nHost: swf\r\nX-Amz-Target: SimpleWorkflowService.{operation}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return head.encode() + body


def random_bytes(random: Random) -> bytes:
    """Anything, now and then with pieces of HTTP in it."""
    if random.random() < 0.3:
        return random.randbytes(random.randrange(300))
    pieces = [
        random.choice(SCRAPS) if random.random() < 0.8 else random.randbytes(random.randrange(20))
        for _ in range(random.randrange(12))
    ]
    return b"".join(pieces)


def mutated(random: Random, requests: Sequence[bytes]) -> bytes:
    """One to three good requests in a row, damaged."""
    data = bytearray(b"".join(random.choices(requests, k=random.randint(1, 3))))
    for _ in range(random.randint(1, 4)):
        _MUTATIONS[random.randrange(len(_MUTATIONS))](random, data)
    return bytes(data)


def split(random: Random, data: bytes) -> list[bytes]:
    """The same bytes in one to four pieces."""
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def random_json(random: Random, depth: int = 4) -> str:
    """Any JSON, and what only looks like it."""
    if not depth or random.random() < 0.4:
        return random.choice(VALUES)
    members = [random_json(random, depth - 1) for _ in range(random.randrange(4))]
    if random.random() < 0.4:
        return f"[{','.join(members)}]"
    return json_object([(random.choice(_NAMES), member) for member in members])


def json_object(members: list[tuple[str, str]]) -> str:
    """An object of names and values that are JSON already; a name may come twice."""
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"


def _flip(random: Random, data: bytearray) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _truncate(random: Random, data: bytearray) -> None:
    del data[random.randrange(len(data) + 1) :]


def _cut_out(random: Random, data: bytearray) -> None:
    start = random.randrange(len(data) + 1)
    del data[start : start + random.randrange(20)]


def _repeat(random: Random, data: bytearray) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = data[start : start + random.randrange(40)]


def _insert(random: Random, data: bytearray) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = random.choice(SCRAPS)


_MUTATIONS: Sequence[Callable[[Random, bytearray], None]] = (
    _flip,
    _flip,
    _truncate,
    _cut_out,
    _repeat,
    _insert,
)
