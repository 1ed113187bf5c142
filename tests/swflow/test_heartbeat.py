"""Heartbeats are cheap to call, sent beside the work, and stop work that is not wanted."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from swflow import (
    ActivityCancelled,
    ActivityInfo,
    SerializationError,
    activity_info,
    beating,
    heartbeat,
)
from swflow.values.payloads import PLAIN
from swflow.values.sealing import Sealer
from swflow.workers.heartbeat import Heartbeats, Sender
from swflow.workers.running import running

INFO = ActivityInfo("Encode", "1", "film", "run", "3.2", 2, "token")
SENDER = Sender()
SEALER = Sealer("films", PLAIN)


@contextmanager
def beating_in_worker(
    send: Callable[[str], bool], timeout: timedelta = timedelta(seconds=1)
) -> Iterator[Heartbeats]:
    heartbeats = Heartbeats(SENDER, send, SEALER, timeout)
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
    with beating_in_worker(lambda _: False):
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

    with beating_in_worker(send):
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

    with beating_in_worker(send):
        for frame in range(50_000):
            heartbeat(frame)
        assert newest.wait(10)
    assert details[-1] == "49999"
    assert len(details) < 500


def test_without_a_new_beat_nothing_is_sent() -> None:
    details: list[str] = []

    def send(text: str) -> bool:
        details.append(text)
        return False

    with beating_in_worker(send, timedelta(milliseconds=1)):
        heartbeat("alive")
        time.sleep(1)
    assert details == ['"alive"']


def test_they_go_on_by_themselves_while_they_are_asked_to() -> None:
    details: list[str] = []
    third = threading.Event()

    def send(text: str) -> bool:
        details.append(text)
        if len(details) == 3:
            third.set()
        return False

    with beating_in_worker(send, timedelta(milliseconds=1)):
        heartbeat("half")
        with beating():
            assert third.wait(10)
        ended = len(details)
        time.sleep(0.5)
    assert set(details) == {'"half"'}
    assert len(details) <= ended + 1  # one may have been under way


def test_outside_an_activity_nothing_goes_on_by_itself() -> None:
    with beating():
        pass


def test_heartbeats_of_many_tasks_share_a_few_threads() -> None:
    threads: set[int] = set()
    sent = threading.Semaphore(0)

    def send(_text: str) -> bool:
        threads.add(threading.get_ident())
        sent.release()
        return False

    for _ in range(50):
        with beating_in_worker(send):
            heartbeat()
            assert sent.acquire(timeout=10)
    assert len(threads) <= 8


def test_one_that_takes_its_time_holds_up_no_other() -> None:
    begun, may_end, other = threading.Event(), threading.Event(), threading.Event()

    def store(_text: str) -> bool:
        begun.set()
        return not may_end.wait(30)

    def send(_text: str) -> bool:
        other.set()
        return False

    with beating_in_worker(store):
        heartbeat("so much that it has to be stored")
        assert begun.wait(10)
        with beating_in_worker(send):
            heartbeat()
            assert other.wait(10)
        may_end.set()


def test_what_is_said_while_one_is_sent_comes_after_it() -> None:
    begun, may_end, newest = threading.Event(), threading.Event(), threading.Event()
    details: list[str] = []

    def send(text: str) -> bool:
        details.append(text)
        begun.set()
        may_end.wait(30)
        if text == '"new"':
            newest.set()
        return False

    with beating_in_worker(send, timedelta(milliseconds=1)):
        heartbeat("old")
        assert begun.wait(10)
        heartbeat("new")
        may_end.set()
        assert newest.wait(10)
    assert details == ['"old"', '"new"']


def test_details_that_cannot_travel_are_found_when_they_are_sent_too() -> None:
    def beat() -> None:
        heartbeat("fine")
        heartbeat(object())
        time.sleep(0.5)
        heartbeat("fine")

    with (
        beating_in_worker(lambda _: False, timedelta(milliseconds=1)),
        pytest.raises(SerializationError, match="a heartbeat's details"),
    ):
        beat()


def test_a_coroutine_is_cancelled_and_a_thread_that_it_started_hears_of_it() -> None:
    async def activity() -> list[str]:
        heard = []
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        heartbeats = Heartbeats(
            SENDER,
            lambda _: True,
            SEALER,
            timedelta(seconds=1),
            lambda: loop.call_soon_threadsafe(task.cancel) and None,
        )
        with running(INFO, heartbeats):
            heartbeat()
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                heard.append("coroutine")
                heartbeat()  # its clean-up may go on beating
            heard.append(await asyncio.to_thread(beat_until_stopped))
        return heard

    coroutine, thread = asyncio.run(activity())
    assert coroutine == "coroutine"
    assert "cancellation was asked for" in thread


def test_a_request_to_cancel_stops_the_activity() -> None:
    with beating_in_worker(lambda _: True):
        assert "cancellation was asked for" in beat_until_stopped()


def test_a_task_that_is_lost_stops_the_activity() -> None:
    def send(_details: str) -> bool:
        fault = {"Error": {"Code": "UnknownResourceFault", "Message": "Unknown activity"}}
        raise ClientError(fault, "RecordActivityTaskHeartbeat")  # type: ignore[arg-type]

    with beating_in_worker(send):
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

    with beating_in_worker(send):
        heartbeat("once")
        assert arrived.wait(10)
    assert tries == ['"once"', '"once"']


def test_after_the_end_nothing_is_sent() -> None:
    details: list[str] = []

    def send(text: str) -> bool:
        details.append(text)
        return False

    with beating_in_worker(send):
        pass
    heartbeats = Heartbeats(SENDER, send, SEALER, timedelta(seconds=1))
    heartbeats.close()
    heartbeats.beat("late")
    time.sleep(0.3)
    assert details == []


@pytest.mark.parametrize("details", [object(), "x" * 3_000])
def test_details_that_cannot_travel_are_refused(details: object) -> None:
    with (
        beating_in_worker(lambda _: False),
        pytest.raises(SerializationError, match="a heartbeat's details"),
    ):
        heartbeat(details)
