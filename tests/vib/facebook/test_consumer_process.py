import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from harness.graph import TOKEN
from harness.pipeline import wait_until
from harness.queues import Queues, link
from vib.facebook.consumer import Consumer
from vib.services import Services

from .conftest import link_of, running


@pytest.fixture
def start(
    consumer: Consumer, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts `vib create-contacts`."""
    assert consumer
    for name, value in queues.settings.items():
        monkeypatch.setenv(name, value)
    started = []

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "vib", "create-contacts"]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture
def signals_put_back() -> Iterator[None]:
    """For what takes signals in this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.slow
def test_the_process_takes_messages_and_ends_well_when_it_is_told_to(
    context: Services, queues: Queues, user_id: UUID, start: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    process = start()
    queues.send(link(user_id))
    wait_until(lambda: queues.left() == (0, 0))
    assert running(context, user_id) == "CreateContacts"

    process.send_signal(signal.SIGTERM)
    _, log = process.communicate()

    assert process.returncode == 0
    assert TOKEN.encode() not in log
    assert b'"link started"' in log


@pytest.mark.slow
def test_a_message_outlives_a_process_that_is_killed_with_it(
    context: Services,
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    start: Callable[[], "subprocess.Popen[bytes]"],
) -> None:
    queues.sqs.set_queue_attributes(QueueUrl=queues.url, Attributes={"VisibilityTimeout": "5"})
    with context.engine.connect() as connection:
        # The process has received the message and waits for this row.
        connection.exec_driver_sql("LOCK TABLE links")
        process = start()
        queues.send(link(user_id))
        wait_until(lambda: queues.left() == (0, 1))
        process.kill()
        process.wait()
    assert link_of(context, user_id) is None
    assert sum(queues.left()) == 1

    def came_again() -> bool:
        consumer.poll()
        return link_of(context, user_id) is not None

    wait_until(came_again)

    assert running(context, user_id) == "CreateContacts"
    assert queues.left() == (0, 0)


@pytest.mark.usefixtures("signals_put_back")
def test_what_was_received_when_the_process_is_told_to_end_comes_again_at_once(
    queues: Queues, consumer: Consumer, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        queues.send(link(user_id))
    do = consumer._is_done

    def do_and_be_told(message: Any) -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return do(message)

    monkeypatch.setattr(consumer, "_is_done", do_and_be_told)

    consumer.run()

    assert queues.left() == (2, 0)


@pytest.mark.usefixtures("signals_put_back")
def test_a_queue_that_is_away_is_asked_again(
    context: Services,
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "_queue_url", f"{queues.url}-later")

    def come() -> None:
        time.sleep(0.5)
        monkeypatch.setattr(consumer, "_queue_url", queues.url)
        wait_until(lambda: queues.left() == (0, 0))
        consumer._stop.set()

    queues.send(link(user_id))
    thread = threading.Thread(target=come)
    thread.start()
    try:
        consumer.run()
    finally:
        thread.join()

    assert running(context, user_id) == "CreateContacts"
