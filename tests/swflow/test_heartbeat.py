"""Heartbeats are cheap to call, sent beside the work, and stop work that is not wanted."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from swflow import ActivityCancelled, ActivityInfo, SerializationError, activity_info, heartbeat
from swflow.heartbeat import Heartbeats, Sender
from swflow.running import running

INFO = ActivityInfo("Encode", "1", "film", "run", "3.2", 2, "token")
SENDER = Sender()


@contextmanager
def beating(
    send: Callable[[str], bool], timeout: timedelta = timedelta(seconds=1)
) -> Iterator[Heartbeats]:
    heartbeats = Heartbeats(SENDER, send, timeout)
    try:
        with running(INFO, heartbeats):
            yield heartbeats
    finally:
        heartbeats.close()


def beat_until_stopped() -> str:
    for _ in range(1000):
        try:
            heartbeat()
        except ActivityCancelled as error:
            return str(error)
        time.sleep(0.01)
    return "never stopped"


def test_outside_an_activity_it_does_nothing() -> None:
    heartbeat({"frame": 1})


def test_an_activity_knows_who_it_is() -> None:
    with beating(lambda _: False):
        assert activity_info() is INFO


def test_outside_an_activity_nobody_is_there() -> None:
    with pytest.raises(LookupError, match="no activity is running here"):
        activity_info()


def test_the_first_beat_is_sent_at_once_with_its_details() -> None:
    sent = threading.Event()
    details = []

    def send(text: str) -> bool:
        details.append(text)
        sent.set()
        return False

    with beating(send):
        heartbeat({"frame": 1})
        assert sent.wait(10)
    assert details == ['{"frame":1}']


def test_many_beats_are_few_calls_and_the_newest_details_win() -> None:
    details: list[str] = []
    newest = threading.Event()

    def send(text: str) -> bool:
        details.append(text)
        if text == "49999":
            newest.set()
        return False

    with beating(send):
        for frame in range(50_000):
            heartbeat(frame)
        assert newest.wait(10)
    assert len(details) <= 2


def test_without_a_new_beat_nothing_is_sent() -> None:
    details: list[str] = []

    def send(text: str) -> bool:
        details.append(text)
        return False

    with beating(send, timedelta(milliseconds=1)):
        heartbeat("alive")
        time.sleep(1)
    assert details == ['"alive"']


def test_a_request_to_cancel_stops_the_activity() -> None:
    with beating(lambda _: True):
        assert "cancellation was asked for" in beat_until_stopped()


def test_a_task_that_is_lost_stops_the_activity() -> None:
    def send(_details: str) -> bool:
        fault = {"Error": {"Code": "UnknownResourceFault", "Message": "Unknown activity"}}
        raise ClientError(fault, "RecordActivityTaskHeartbeat")  # type: ignore[arg-type]

    with beating(send):
        assert "timed out or its workflow execution closed" in beat_until_stopped()


def test_a_heartbeat_that_could_not_be_sent_is_sent_again() -> None:
    tries: list[str] = []
    arrived = threading.Event()

    def send(text: str) -> bool:
        tries.append(text)
        if len(tries) == 1:
            raise EndpointConnectionError(endpoint_url="http://localhost")
        arrived.set()
        return False

    with beating(send):
        heartbeat("once")
        assert arrived.wait(10)
    assert tries == ['"once"', '"once"']


def test_after_the_end_nothing_is_sent() -> None:
    details: list[str] = []

    def send(text: str) -> bool:
        details.append(text)
        return False

    with beating(send):
        pass
    heartbeats = Heartbeats(SENDER, send, timedelta(seconds=1))
    heartbeats.close()
    heartbeats.beat("late")
    time.sleep(0.3)
    assert details == []


@pytest.mark.parametrize("details", [object(), "x" * 3_000])
def test_details_that_cannot_travel_are_refused(details: object) -> None:
    with (
        beating(lambda _: False),
        pytest.raises(SerializationError, match="a heartbeat's details"),
    ):
        heartbeat(details)
