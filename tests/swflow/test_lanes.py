"""Several conversations on one thread: each gets its answers, whatever the others wait for."""

import asyncio
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Aside, Call, Conversation, Pause, carry_on
from swflow.endpoint.lanes import converse as converse_by
from swflow.endpoint.stopping import Stop
from tests.swflow.endpoint import Endpoint, answered, close, read_request

OK = answered(b'{"a": 1}')
FAULT = answered(b'{"__type": "x#UnknownResourceFault", "message": "Unknown"}', "400 Bad Request")
THROTTLED = answered(b'{"__type": "x#ThrottlingException", "message": "Rate"}', "400 Bad Request")


@pytest.fixture
def stop() -> Iterator[Stop]:
    with Stop() as stop:
        yield stop


def converse(url: str, stop: Stop, *conversations: Conversation[None]) -> None:
    carry_on(Connection("films", url, None, None).transport, stop, list(conversations))


def one_call(call: Call, heard: list[Any]) -> Conversation[None]:
    try:
        heard.append((yield call))
    except Exception as error:  # noqa: BLE001 - whatever comes is what is looked at
        heard.append(error)


def outcome(stop: Stop, call: Call, *answers: bytes | Callable[[socket.socket], None]) -> Any:
    heard: list[Any] = []
    with Endpoint(*answers).running() as url:
        converse(url, stop, one_call(call, heard))
    (result,) = heard
    return result


def test_answers_come_to_whoever_asked_in_whatever_order(stop: Stop) -> None:
    arrived = threading.Barrier(2)

    def answer(connected: socket.socket) -> None:
        first = read_request(connected)[2]
        if b"slow" in first:
            arrived.wait(30)
        connected.sendall(answered(first))
        second = read_request(connected)[2]
        connected.sendall(answered(second))
        if b"quick" in second:
            arrived.wait(30)

    heard: list[str] = []

    def ask(name: str) -> Conversation[None]:
        for number in range(2):
            answer = yield Call("X", {"name": f"{name} {number}"})
            heard.append(answer["name"])

    with serving_all(answer) as url:
        converse(url, stop, ask("slow"), ask("quick"))
    assert heard[0] == "quick 0"
    assert sorted(heard) == ["quick 0", "quick 1", "slow 0", "slow 1"]


class serving_all:  # noqa: N801 - used as a function
    """Serves every connection in a thread of its own."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> str:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connected,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, connected: socket.socket) -> None:
        with connected:
            self._answer(connected)

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in (self._accepting, *self._threads):
            each.join(30)


def test_what_passes_is_tried_again_and_what_is_refused_is_raised(stop: Stop) -> None:
    away = answered(b"", "503 Service Unavailable")
    assert outcome(stop, Call("X", {}), close, away, THROTTLED, OK) == {"a": 1}
    refused = outcome(stop, Call("X", {}), FAULT)
    assert isinstance(refused, ClientError)
    assert type(refused).__name__ == "UnknownResourceFault"


def test_patience_ends(stop: Stop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    heard: list[Any] = []
    converse(url, stop, one_call(Call("X", {}, patience=0.3), heard))
    assert isinstance(heard[0], EndpointConnectionError)


def test_an_answer_that_takes_too_long_is_a_failure(stop: Stop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        heard: list[Any] = []
        converse(url, stop, one_call(Call("X", {}, timeout=0.1, patience=0), heard))
    assert isinstance(heard[0], ReadTimeoutError)


def test_a_call_is_hung_up_and_a_task_that_is_on_its_way_arrives(stop: Stop) -> None:
    def answer(connected: socket.socket) -> None:
        stop.request()
        assert connected.recv(1) == b""  # the poll is hung up
        connected.sendall(OK)

    assert outcome(stop, poll(stop), answer) == {"a": 1}


def test_a_call_that_is_hung_up_without_an_answer_is_empty(stop: Stop) -> None:
    def answer(connected: socket.socket) -> None:
        stop.request()
        assert connected.recv(1) == b""

    assert outcome(stop, poll(stop), answer) == {}


def test_an_endpoint_that_does_not_notice_is_left(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swflow.endpoint.lanes.HANG_UP_TIMEOUT", 0.1)
    over = threading.Event()

    def answer(connected: socket.socket) -> None:
        stop.request()
        assert connected.recv(1) == b""
        over.wait(30)

    heard: list[Any] = []
    with Endpoint(answer).running() as url:
        converse(url, stop, one_call(poll(stop), heard))
        over.set()
    assert heard == [{}]


def test_a_call_that_waits_for_its_next_try_is_hung_up_at_once(stop: Stop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    heard: list[Any] = []
    threading.Timer(0.2, stop.request).start()
    converse(url, stop, one_call(poll(stop), heard))
    assert heard == [{}]


def test_a_moment_to_hang_up_may_move(stop: Stop) -> None:
    began = time.monotonic()
    later = began + 0.3

    def moving() -> float:
        return began if time.monotonic() > later else later

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Timer(0.5, listener.shutdown, [socket.SHUT_RDWR]).start()
        heard: list[Any] = []
        converse(url, stop, one_call(Call("X", {}, hang_up_at=moving), heard))
        time.sleep(0.5)
    assert heard == [{}]


def test_a_pause_lets_the_others_go_on(stop: Stop) -> None:
    said: list[str] = []

    def rest(name: str, seconds: float) -> Conversation[None]:
        yield Pause(seconds)
        said.append(name)

    converse("http://127.0.0.1:9", stop, rest("long", 0.2), rest("short", 0.05))
    assert said == ["short", "long"]


def test_what_is_done_aside_lets_the_others_go_on(stop: Stop) -> None:
    other_has_spoken = threading.Event()
    heard: list[Any] = []

    def waits() -> Conversation[None]:
        heard.append((yield Aside(lambda: other_has_spoken.wait(30))))

    def speaks() -> Conversation[None]:
        yield Pause(0)
        other_has_spoken.set()

    converse("http://127.0.0.1:9", stop, waits(), speaks())
    assert heard == [True]


def test_what_goes_wrong_aside_is_raised_in_the_conversation(stop: Stop) -> None:
    def tries() -> Conversation[None]:
        with pytest.raises(ZeroDivisionError):
            yield Aside(lambda: 1 / 0)

    converse("http://127.0.0.1:9", stop, tries())


def test_an_error_that_leaves_a_conversation_ends_them_all(stop: Stop) -> None:
    ended: list[str] = []

    def waits() -> Conversation[None]:
        try:
            yield Pause(60)
        finally:
            ended.append("the other")

    def fails() -> Conversation[None]:
        yield Pause(0.01)
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        converse("http://127.0.0.1:9", stop, waits(), fails())
    assert ended == ["the other"]


def test_conversations_that_are_cancelled_end() -> None:
    ended: list[str] = []

    def waits() -> Conversation[None]:
        try:
            yield Pause(60)
        finally:
            ended.append("it")

    async def cancel() -> None:
        talking = asyncio.create_task(converse_by(Nobody(), [waits()]))
        await asyncio.sleep(0.01)
        talking.cancel()
        await asyncio.wait([talking])
        assert ended == ["it"]

    asyncio.run(cancel())


class Nobody:
    async def ask(self, call: Call) -> dict[str, Any]:
        raise AssertionError(call)


def poll(stop: Stop) -> Call:
    return Call("X", {}, hang_up_at=lambda: 0.0 if stop.requested() else math.inf)
