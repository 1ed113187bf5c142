"""The service over HTTP, by boto3 and by hand."""

import json
import os
import signal
import socket
import struct
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

TARGET = "SimpleWorkflowService"


class Raw:
    """A connection that says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next response."""
        status = int(self.stream.readline().split()[1])
        headers = {}
        while line := self.stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self.stream.read(int(headers.get("content-length", 0)))

    def at_end(self) -> bool:
        return self.stream.read(1) == b""

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@pytest.fixture(scope="module")
def shared_url(open_swf_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for the tests that leave nothing behind but domains of their own."""
    with open_swf_server(tmp_path_factory.mktemp("shared") / "swf.db") as server:
        yield server.endpoint_url


@pytest.fixture
def dial() -> Iterator[Callable[[str], Raw]]:
    """Makes connections to a server."""
    made = []

    def make(url: str) -> Raw:
        made.append(Raw(int(url.rpartition(":")[2])))
        return made[-1]

    yield make
    for raw in made:
        raw.close()


@pytest.fixture
def connect(dial: Callable[[str], Raw], shared_url: str) -> Callable[[], Raw]:
    """Makes connections to the shared server."""
    return lambda: dial(shared_url)


@pytest.fixture
def registration() -> dict[str, str]:
    """A domain that no other test has."""
    return {"name": uuid.uuid4().hex, "workflowExecutionRetentionPeriodInDays": "1"}


def request(operation: str, body: Any, *headers: str, target: str = TARGET) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        "POST / HTTP/1.1",
        "Host: swf",
        f"X-Amz-Target: {target}.{operation}",
        f"Content-Length: {len(data)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
DESCRIBE = request("DescribeDomain", {"name": "nowhere"})
POLL = request("PollForActivityTask", {"domain": "videos", "taskList": {"name": "workers"}})


def test_health(shared_url: str) -> None:
    with urllib.request.urlopen(f"{shared_url}/health") as answer:
        assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')


def test_an_operation_without_an_answer_has_no_body(connect: Any, registration: Any) -> None:
    raw = connect()
    raw.send(request("RegisterDomain", registration))
    status, headers, body = raw.receive()
    assert (status, headers["content-length"], body) == (200, "0", b"")
    assert headers["x-amzn-requestid"]


def test_old_clients_are_understood(connect: Any, registration: Any) -> None:
    raw = connect()
    raw.send(
        request(
            "RegisterDomain",
            registration,
            "Content-Type: application/json; charset=UTF-8",
            "Content-Encoding: amz-1.0",
            target="com.amazonaws.swf.service.model.SimpleWorkflowService",
        )
    )
    assert raw.receive()[0] == 200


def test_arns_have_the_region_of_the_signature(http_swf: Any) -> None:
    info = http_swf.client.describe_domain(name="videos")["domainInfo"]
    assert info["arn"] == "arn:aws:swf:eu-west-1:123456789012:/domain/videos"


@pytest.mark.parametrize("operation", ["RestartWorld", "StartWorkflowExecutions", ""])
def test_an_unknown_operation(connect: Any, operation: str) -> None:
    raw = connect()
    raw.send(request(operation, {"domain": "videos"}))
    status, headers, body = raw.receive()
    assert status == 400
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert json.loads(body) == {"__type": "com.amazon.coral.service#UnknownOperationException"}


def test_faults_have_their_names_on_the_wire(connect: Any) -> None:
    raw = connect()
    raw.send(DESCRIBE)
    status, _, body = raw.receive()
    assert status == 400
    assert json.loads(body) == {
        "__type": "com.amazonaws.swf.base.model#UnknownResourceFault",
        "message": "Unknown domain: nowhere",
    }


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"nonsense", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"name": 1}']
)
def test_a_body_that_is_no_request(connect: Any, body: bytes) -> None:
    raw = connect()
    raw.send(request("DescribeDomain", body))
    status, _, answer = raw.receive()
    assert status == 400
    assert json.loads(answer)["__type"] == "com.amazon.coral.service#SerializationException"
    raw.send(DESCRIBE)
    assert raw.receive()[0] == 400


def test_a_member_that_is_null_is_not_there(http_swf: Any, swf_server: Any, dial: Any) -> None:
    http_swf.start()
    times = {"oldestDate": 0, "latestDate": None}
    raw = dial(swf_server.endpoint_url)
    raw.send(
        request(
            "ListOpenWorkflowExecutions",
            {"domain": "videos", "startTimeFilter": times, "typeFilter": None},
        )
    )
    assert len(json.loads(raw.receive()[2])["executionInfos"]) == 1
    raw.send(request("ListOpenWorkflowExecutions", {"domain": None, "startTimeFilter": times}))
    refusal = json.loads(raw.receive()[2])["message"]
    assert "Value null at 'domain' failed to satisfy constraint" in refusal


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/2.0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 411),
        (CHUNKED + b"x\r\n\r\n\r\n", 400),
        (CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n", 400),
        (CHUNKED + b"2\r\n{}xx0\r\n\r\n", 400),
        (CHUNKED + b"2;" + b"x" * 2000, 400),
        (CHUNKED + b"1\r\n{\r\n" * 200_000, 413),
        (CHUNKED + b"ffffff\r\n" + b"x" * 1_200_000, 413),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_bytes_that_are_no_request(connect: Any, data: bytes, status: int) -> None:
    raw = connect()
    raw.send(data)
    answered, headers, body = raw.receive()
    assert answered == status
    assert json.loads(body)["__type"] == "com.amazon.coral.service#SerializationException"
    assert headers["connection"] == "close"
    assert raw.at_end()
    another = connect()
    another.send(DESCRIBE)
    assert another.receive()[0] == 400


def test_a_request_cut_short(connect: Any) -> None:
    raw = connect()
    raw.send(DESCRIBE[:-5])
    raw.socket.shutdown(socket.SHUT_WR)
    assert raw.receive()[0] == 400
    assert raw.at_end()


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"PUT /health HTTP/1.1\r\n\r\n"])
def test_what_is_not_there(connect: Any, data: bytes) -> None:
    raw = connect()
    raw.send(data)
    assert raw.receive()[0] == 404


def test_requests_in_one_piece_are_answered_in_order(connect: Any, registration: Any) -> None:
    raw = connect()
    describe = request("DescribeDomain", {"name": registration["name"]})
    raw.send(request("RegisterDomain", registration) + describe + b"\r\n" + DESCRIBE + describe)
    statuses = [raw.receive()[0] for _ in range(4)]
    assert statuses == [200, 200, 400, 200]


def test_what_comes_after_a_poll_waits_for_its_answer(
    swf_server: Any, http_swf: Any, dial: Any
) -> None:
    http_swf.start()
    decision = http_swf.poll_decision()
    raw = dial(swf_server.endpoint_url)
    raw.send(POLL + DESCRIBE)
    # Until the server has surely read both.
    time.sleep(0.1)
    http_swf.answer(decision, http_swf.schedule("resize"))

    assert json.loads(raw.receive()[2])["activityId"] == "resize"
    assert json.loads(raw.receive()[2])["message"] == "Unknown domain: nowhere"


def test_a_request_in_small_pieces(connect: Any) -> None:
    raw = connect()
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(0, len(DESCRIBE), 7):
        raw.send(DESCRIBE[at : at + 7])
    assert raw.receive()[0] == 400


def test_expect_100_continue(connect: Any, registration: Any) -> None:
    raw = connect()
    head, _, body = request("RegisterDomain", registration, "Expect: 100-continue").partition(
        b"\r\n\r\n"
    )
    raw.send(head + b"\r\n\r\n")
    assert raw.stream.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert raw.stream.readline() == b"\r\n"
    raw.send(body)
    assert raw.receive()[0] == 200


@pytest.mark.parametrize("at_once", [True, False])
def test_a_body_in_chunks(connect: Any, registration: Any, *, at_once: bool) -> None:
    body = json.dumps(registration).encode()
    head = request("RegisterDomain", b"", "Transfer-Encoding: chunked")
    chunks = [b"%X;kind=any\r\n%b\r\n" % (10, body[at : at + 10]) for at in range(0, 50, 10)]
    rest = body[50:]
    chunks.append(b"%x\r\n%b\r\n0\r\nTrailer: any\r\n\r\n" % (len(rest), rest))
    pieces = [head.replace(b"Content-Length: 0\r\n", b""), *chunks, DESCRIBE]
    raw = connect()
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in [b"".join(pieces)] if at_once else pieces:
        raw.send(piece)
    assert [raw.receive()[0] for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("header", ["Connection: close", "connection: Close"])
def test_a_client_that_wants_no_more(connect: Any, header: str) -> None:
    raw = connect()
    raw.send(request("DescribeDomain", {"name": "videos"}, header))
    assert raw.receive()[1]["connection"] == "close"
    assert raw.at_end()


def test_a_client_that_hung_up_is_given_no_task(swf_server: Any, http_swf: Any, dial: Any) -> None:
    http_swf.start()
    decision = http_swf.poll_decision()
    for _ in range(3):
        gone = dial(swf_server.endpoint_url)
        gone.send(POLL)
        # Until the server has surely read the poll: what comes later is answered later.
        http_swf.client.describe_domain(name="videos")
        time.sleep(0.05)
        gone.close()
    waiting = dial(swf_server.endpoint_url)
    waiting.send(POLL)
    time.sleep(0.05)

    http_swf.answer(decision, http_swf.schedule("resize"))

    assert json.loads(waiting.receive()[2])["activityId"] == "resize"


def test_a_client_that_hangs_up_as_the_task_comes_is_not_given_it(
    swf_server: Any, http_swf: Any, dial: Any
) -> None:
    http_swf.start()
    token = http_swf.poll_decision()["taskToken"]
    gone, waiting, decider = (dial(swf_server.endpoint_url) for _ in range(3))
    for poller in (gone, waiting):
        poller.send(POLL)
        time.sleep(0.05)

    # The server finds the answer first, and that the client hung up after it.
    os.kill(swf_server.pid, signal.SIGSTOP)
    decisions = [http_swf.schedule("resize")]
    decider.send(
        request("RespondDecisionTaskCompleted", {"taskToken": token, "decisions": decisions})
    )
    gone.close()
    os.kill(swf_server.pid, signal.SIGCONT)

    assert json.loads(waiting.receive()[2])["activityId"] == "resize"


@pytest.mark.usefixtures("http_swf")
def test_a_client_that_hangs_up_while_its_answer_is_written_is_no_error(
    swf_server: Any, dial: Any
) -> None:
    decider = dial(swf_server.endpoint_url)
    poll = {"domain": "videos", "taskList": {"name": "deciders"}}
    names = {"domain": "videos", "workflowType": {"name": "Process", "version": "1"}}
    for number in range(200):
        gone = dial(swf_server.endpoint_url)
        gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.send(request("PollForDecisionTask", poll))
        time.sleep(0.001)
        decider.send(request("StartWorkflowExecution", {**names, "workflowId": str(number)}))
        time.sleep(number % 20 / 10_000)
        gone.close()
        assert decider.receive()[0] == 200

    assert swf_server.stop() == 0
    log = swf_server.log.read_text().splitlines()
    assert {json.loads(line)["level"] for line in log} == {"info"}


def test_a_parked_poll_is_answered_when_a_task_comes(http_swf: Any, boto: Any) -> None:
    http_swf.start()
    task = http_swf.poll_decision()
    found: list[dict[str, Any]] = []
    client = boto()

    def work() -> None:
        found.append(client.poll_for_activity_task(domain="videos", taskList={"name": "workers"}))

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.1)
    http_swf.answer(task, http_swf.schedule("resize", input="\u00e9\U0001f3a5\x00"))
    worker.join(20)

    assert found[0]["input"] == "\u00e9\U0001f3a5\x00"
    assert http_swf.types()[-1] == "ActivityTaskStarted"


def test_a_request_that_is_too_large_is_refused_though_the_client_goes_on(http_swf: Any) -> None:
    code, message = http_swf.refusal(
        "signal_workflow_execution",
        domain="videos",
        workflowId="video",
        signalName="s",
        input="x" * 8_000_000,
    )
    assert code == "SerializationException"
    assert message == "A request may be 1 MB at most."


def test_a_client_that_was_refused_may_finish_its_sentence(connect: Any) -> None:
    raw = connect()
    raw.send(b"POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n")
    assert raw.receive()[0] == 413
    for _ in range(20):
        raw.send(b"x" * 50_000)
        time.sleep(0.01)
    assert raw.at_end()


def test_data_of_the_largest_size(http_swf: Any) -> None:
    data = "\u00fc" * 32_768
    http_swf.start(input=data)
    events = http_swf.poll_decision()["events"]
    assert events[0]["workflowExecutionStartedEventAttributes"]["input"] == data

    code, _ = http_swf.refusal(
        "signal_workflow_execution",
        domain="videos",
        workflowId="video",
        signalName="s",
        input=data + "x",
    )
    assert code == "ValidationException"
