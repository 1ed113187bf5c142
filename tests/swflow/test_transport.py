"""The light transport does what boto3 does: the same bytes go out, the same answers come back."""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from hypothesis import given
from hypothesis import strategies as st

from swflow.endpoint.connection import Connection
from swflow.endpoint.signing import Signer
from swflow.endpoint.transport import Transport
from tests.swflow.endpoint import OK, Endpoint, answered, close, transport

FAULT = b'{"__type": "com.amazonaws.swf.base.model#UnknownResourceFault", "message": "Unknown"}'
POLL = {"domain": "films", "taskList": {"name": "köche"}, "identity": 'me "too"'}
ANSWER = {
    "taskToken": "token",
    "decisions": [
        {
            "decisionType": "RecordMarker",
            "recordMarkerDecisionAttributes": {"markerName": "m", "details": "é\u2028\x01"},
        }
    ],
}


def sent_by_boto3(url: str, operation: str, parameters: dict[str, Any]) -> None:
    client = boto3.client(
        "swf",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    getattr(client, operation)(**parameters)


# What goes out.


@pytest.mark.parametrize(
    ("operation", "method", "parameters"),
    [
        ("PollForDecisionTask", "poll_for_decision_task", POLL),
        ("PollForActivityTask", "poll_for_activity_task", POLL),
        ("RespondDecisionTaskCompleted", "respond_decision_task_completed", ANSWER),
        (
            "RespondActivityTaskFailed",
            "respond_activity_task_failed",
            {"taskToken": "t", "reason": "💥", "details": "{}"},
        ),
        (
            "RecordActivityTaskHeartbeat",
            "record_activity_task_heartbeat",
            {"taskToken": "t", "details": ""},
        ),
    ],
)
def test_a_request_is_the_one_that_boto3_sends(
    operation: str, method: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    endpoint = Endpoint(OK, OK)
    with endpoint.running() as url:
        sent_by_boto3(url, method, parameters)
        transport(url).call(operation, parameters)

    (first, theirs, body), (our_first, ours, our_body) = endpoint.requests
    assert (our_first, our_body) == (first, body)
    of_the_moment = {"authorization", "x-amz-date", "user-agent"}
    assert of_the_moment <= ours.keys()
    kept = {name: value for name, value in ours.items() if name not in of_the_moment}
    assert kept.items() <= theirs.items()
    signed = ours["authorization"].partition("Signature=")[0]
    assert signed == theirs["authorization"].partition("Signature=")[0]


texts = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1)


@given(
    credentials=st.builds(Credentials, texts, texts, st.none() | texts),
    region=st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]),
    host=st.sampled_from(["swf.us-east-1.amazonaws.com", "localhost:8080", "[::1]:80"]),
    path=st.sampled_from(["/", "/base", "/a b/c", "/~me/é"]),
    body=st.binary(),
    at=st.integers(1_000_000_000, 3_000_000_000),
)
def test_a_signature_is_botocores(  # noqa: PLR0917 - hypothesis names them
    credentials: Credentials, region: str, host: str, path: str, body: bytes, at: int
) -> None:
    target = "SimpleWorkflowService.PollForDecisionTask"
    headers = {"Host": host, "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"http://{host}{path}", data=body, headers=headers)
    date = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = date
    signer = SigV4Auth(credentials, "swf", region)
    signer._modify_request_before_signing(request)
    signed = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(signed, request))

    ours = Signer(credentials, region, host, path).sign(
        "application/x-amz-json-1.0", target, body, at
    )

    lines = dict(line.split(": ", 1) for line in ours.splitlines())
    assert lines["Authorization"] == request.headers["Authorization"]
    assert lines["X-Amz-Date"] == date
    assert lines.get("X-Amz-Security-Token") == credentials.token


def test_credentials_that_renew_themselves_are_asked_every_time() -> None:
    renewed = iter(["second", "third"])

    def renew() -> dict[str, str]:
        key = next(renewed)
        return {
            "access_key": key,
            "secret_key": "s",
            "token": f"token-{key}",
            "expiry_time": "2000-01-01T00:00:00Z" if key == "second" else "2999-01-01T00:00:00Z",
        }

    credentials = RefreshableCredentials(
        "first", "s", "t", datetime(2999, 1, 1, tzinfo=UTC), renew, "test"
    )
    signer = Signer(credentials, "us-east-1", "h")
    assert "Credential=first/" in signer.sign("c", "t", b"")
    credentials._expiry_time = datetime(2000, 1, 1, tzinfo=UTC)
    with pytest.raises(RuntimeError, match="still expired"):
        signer.sign("c", "t", b"")
    signed = signer.sign("c", "t", b"")
    assert "Credential=third/" in signed
    assert "X-Amz-Security-Token: token-third\r\n" in signed


def test_the_region_and_the_keys_are_those_of_boto3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    endpoint = Endpoint(OK)
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with endpoint.running() as url:
        config.write_text(
            "[profile studio]\nregion = eu-west-3\naws_access_key_id = AKID\n"
            "aws_secret_access_key = secret\naws_session_token = session\n"
            f"services = here\n[services here]\nswf =\n  endpoint_url = {url}\n"
        )
        Connection("films", None, None, "studio").transport.call("PollForDecisionTask", POLL)

    ((_, headers, _),) = endpoint.requests
    assert "/eu-west-3/swf/aws4_request" in headers["authorization"]
    assert "Credential=AKID/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "session"


def test_without_credentials_nothing_is_sent() -> None:
    client = boto3.client("swf", region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(NoCredentialsError):
        Transport(client, None).call("PollForDecisionTask", POLL)


# What comes back.


def call(*answers: bytes | Callable[[socket.socket], None]) -> tuple[dict[str, Any], Endpoint]:
    endpoint = Endpoint(*answers)
    with endpoint.running() as url:
        given = transport(url)
        result = given.call("PollForActivityTask", POLL)
        given.close()
    return result, endpoint


def test_an_answer_is_json_and_a_void_one_is_empty() -> None:
    assert call(answered(b'{"taskToken": "t\xc3\xa9"}'))[0] == {"taskToken": "té"}
    assert call(answered(b'{"taskToken": "\\ud800"}'))[0] == {"taskToken": "\ud800"}
    assert call(answered(b""))[0] == {}


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 A\r\nTransfer-Encoding:chunked\r\n\r\n5\r\n{"a":\r\n3;x\r\n 1}\r\n0\r\n\r\n',
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n8\r\n{"a": 1}\r\n0\r\nX: y\r\n\r\n',
        b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}',
        b'HTTP/1.1 200 OK\r\nCONTENT-LENGTH:8\r\nX-Content-Length: 3\r\n\r\n{"a": 1}',
    ],
    ids=["chunks", "trailers", "100-continue", "names of headers"],
)
def test_every_form_of_an_answer_is_read_however_it_is_torn(answer: bytes) -> None:
    def slowly(connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(answer)):
            connected.sendall(answer[number : number + 1])

    result, endpoint = call(answer)
    assert result == {"a": 1}
    assert call(slowly)[0] == {"a": 1}
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("head", ["HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_without_a_length_ends_with_the_connection(head: str) -> None:
    def answer(connected: socket.socket) -> None:
        connected.sendall(head.encode() + b'{"a":')
        connected.sendall(b" 1}")

    assert call(answer)[0] == {"a": 1}


def test_a_large_answer_and_a_large_request() -> None:
    body = json.dumps({"events": ["x" * 100_000] * 20}).encode()
    endpoint = Endpoint(answered(body))
    with endpoint.running() as url:
        assert len(transport(url).call("X", {"details": "y" * 3_000_000})["events"]) == 20
    assert len(endpoint.requests[0][2]) > 3_000_000


def test_the_connection_stays() -> None:
    endpoint = Endpoint(OK, OK, OK)
    with endpoint.running() as url:
        given = transport(url)
        for _ in range(3):
            given.call("X", {})
        given.close()
    assert endpoint.connections == 1


@pytest.mark.parametrize("more", [(), ("Connection: close",)], ids=["unsaid", "said"])
def test_a_connection_that_the_endpoint_closes_is_made_anew(more: tuple[str, ...]) -> None:
    def answer_and_close(connected: socket.socket) -> None:
        connected.sendall(answered(b"{}", "200 OK", *more))

    endpoint = Endpoint(answer_and_close, OK)
    with endpoint.running() as url:
        given = transport(url)
        given.call("X", {})
        while not more and (wire := given._idle[-1]) and not _is_closed(wire.fileno()):
            pass
        given.call_once("X", {}, timeout=10)
        given.close()
    assert endpoint.connections == 2


def _is_closed(number: int) -> bool:
    with socket.socket(fileno=socket.dup(number)) as looking:
        looking.setblocking(False)
        with suppress(BlockingIOError):
            return looking.recv(1, socket.MSG_PEEK) == b""
    return False


def test_a_fault_is_the_exception_that_boto3_raises() -> None:
    endpoint = Endpoint(answered(FAULT, "400 Bad Request", "x-amzn-RequestId: 7"))
    with endpoint.running() as url:
        connection = Connection("films", url, None, None)
        with pytest.raises(connection.swf.exceptions.UnknownResourceFault) as caught:
            connection.transport.call("RespondDecisionTaskCompleted", {})
    assert caught.value.response["Error"] == {
        "Code": "UnknownResourceFault",
        "Message": "Unknown",
    }
    metadata = caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (400, "7")
    assert "RespondDecisionTaskCompleted operation: Unknown" in str(caught.value)


@pytest.mark.parametrize(
    "first",
    [
        close,
        answered(b"", "500 Internal Server Error"),
        answered(b"<html>away</html>", "503 Service Unavailable"),
        answered(b'{"__type": "x#ThrottlingException", "message": "Rate exceeded"}', "400 Bad"),
        answered(b"", "429 Too Many Requests"),
        answered(b"{not json", "200 OK"),
    ],
    ids=["no answer", "500", "503", "throttled", "429", "torn"],
)
def test_what_passes_is_tried_again(first: bytes | Callable[[socket.socket], None]) -> None:
    result, endpoint = call(first, answered(b'{"a": 1}'))
    assert result == {"a": 1}
    assert len(endpoint.requests) == 2


def test_the_number_of_attempts_is_that_of_boto3s_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    away = answered(b"", "500 Internal Server Error")
    endpoint = Endpoint(away, away, OK)
    with endpoint.running() as url, pytest.raises(ClientError, match="500"):
        transport(url).call("X", {})
    assert len(endpoint.requests) == 2


def test_what_is_refused_is_not_tried_again() -> None:
    endpoint = Endpoint(answered(FAULT, "400 Bad Request"), OK)
    with endpoint.running() as url, pytest.raises(ClientError):
        transport(url).call("X", {})
    assert len(endpoint.requests) == 1


def test_a_redirect_is_refused() -> None:
    moved = answered(b"", "301 Moved Permanently", "Location: http://127.0.0.1:1/")
    with pytest.raises(ClientError, match="301"):
        call(moved, OK)


def test_nobody_there_no_answer_and_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ReadTimeoutError):
            transport(url).call_once("X", {}, timeout=0.05)
    with pytest.raises(EndpointConnectionError):
        transport(url).call_once("X", {}, timeout=1)
    for answer in (b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", close):
        endpoint = Endpoint(answer)
        with endpoint.running() as url, pytest.raises(ConnectionClosedError):
            transport(url).call_once("X", {}, timeout=5)
