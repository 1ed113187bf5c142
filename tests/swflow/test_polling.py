"""A poll can be hung up at any moment, and no task is lost by it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from swflow.endpoint.connection import Connection
from swflow.endpoint.polling import Poller
from swflow.endpoint.stopping import Stop

TASK = {
    "taskToken": "token",
    "activityId": "1",
    "startedEventId": 6,
    "workflowExecution": {"workflowId": "film", "runId": "run"},
    "activityType": {"name": "Cut", "version": "1"},
}

Answer = Callable[[socket.socket], bytes | None]


@contextmanager
def endpoint(*answers: Answer) -> Iterator[str]:
    """A service that gives these answers, one connection each; None closes without an answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connected, _ = listener.accept()
            with connected:
                body = answer(connected)
                if body is not None:
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                    connected.sendall(head.encode() + body)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(30)
        listener.close()


def read_request(connected: socket.socket) -> dict[str, Any]:
    head, _, body = connected.recv(65_536).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connected.recv(65_536)
    return headers | json.loads(body)


def wait_for_hang_up(connected: socket.socket) -> None:
    connected.settimeout(30)
    assert connected.recv(1) == b""


@pytest.fixture
def stop() -> Iterator[Stop]:
    with Stop() as stop:
        yield stop


def poller(url: str, stop: Stop) -> Poller:
    return Poller(Connection("films", url, None, None), stop, "PollForActivityTask", "cutters")


def test_a_poll_is_signed_and_says_what_it_polls_for(stop: Stop) -> None:
    requests: list[dict[str, Any]] = []

    def answer(connected: socket.socket) -> bytes:
        requests.append(read_request(connected))
        return json.dumps(TASK).encode()

    with endpoint(answer) as url:
        polls = poller(url, stop)
        task = polls.poll()

    assert task is not None
    assert task["taskToken"] == "token"
    (request,) = requests
    assert request["x-amz-target"] == "SimpleWorkflowService.PollForActivityTask"
    assert request["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
    assert (request["domain"], request["taskList"]) == ("films", {"name": "cutters"})


def test_an_empty_poll_is_none(stop: Stop) -> None:
    def answer(connected: socket.socket) -> bytes:
        read_request(connected)
        return b"{}"

    with endpoint(answer) as url:
        polls = poller(url, stop)
        assert polls.poll() is None


def hang_up_during(
    answer: Answer, stop: Stop, ended: threading.Event | None = None
) -> dict[str, Any] | None:
    """Poll, and hang up as soon as the poll is there."""
    arrived = threading.Event()
    ended = ended or threading.Event()

    def announced(connected: socket.socket) -> bytes | None:
        read_request(connected)
        arrived.set()
        return answer(connected)

    with endpoint(announced) as url:
        polls = poller(url, stop)

        def ask() -> None:
            arrived.wait(30)
            stop.request()

        thread = threading.Thread(target=ask)
        thread.start()
        task = polls.poll()
        ended.set()
        thread.join()
    return task


def test_an_idle_poll_ends_when_it_is_hung_up(stop: Stop) -> None:
    def answer(connected: socket.socket) -> None:
        wait_for_hang_up(connected)

    assert hang_up_during(answer, stop) is None


def test_a_task_that_was_handed_out_in_that_moment_arrives(stop: Stop) -> None:
    def answer(connected: socket.socket) -> bytes:
        wait_for_hang_up(connected)
        return json.dumps(TASK).encode()

    task = hang_up_during(answer, stop)
    assert task is not None
    assert task["activityId"] == "1"


def test_an_endpoint_that_does_not_notice_is_left(stop: Stop) -> None:
    ended = threading.Event()

    def answer(connected: socket.socket) -> None:
        wait_for_hang_up(connected)
        assert ended.wait(30)  # as if the client were still there

    assert hang_up_during(answer, stop, ended) is None


def test_after_the_request_to_stop_no_poll_is_begun(stop: Stop) -> None:
    stop.request()
    with endpoint() as url:
        assert poller(url, stop).poll() is None


def test_a_lost_connection_is_polled_again(stop: Stop) -> None:
    def lose(connected: socket.socket) -> None:
        read_request(connected)

    def answer(connected: socket.socket) -> bytes:
        read_request(connected)
        return json.dumps(TASK).encode()

    with endpoint(lose, lose, answer) as url:
        polls = poller(url, stop)
        task = polls.poll()
    assert task is not None
