import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from harness.pipeline import wait_until
from vib.db.models import LinkStatus
from vib.facebook import consumer as consuming
from vib.facebook import links
from vib.facebook.consumer import Consumer
from vib.facebook.names import workflow_id
from vib.services import Services

from .conftest import TOKEN, link_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Queues(NamedTuple):
    """A queue, the one for bad messages, and the client of both."""

    sqs: "SQSClient"
    url: str
    dead_url: str

    def send(self, message: object) -> None:
        body = message if isinstance(message, str) else json.dumps(message, default=str)
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> tuple[int, int]:
        """How many messages there are, and how many that somebody has in hand."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        said = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        there, hidden = (int(said["Attributes"][name]) for name in names)
        return there, hidden

    def dead(self) -> list[tuple[str, str]]:
        """The bad messages, each with its reason."""
        answer = self.sqs.receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (message["Body"], message["MessageAttributes"]["Reason"]["StringValue"])
            for message in answer.get("Messages", [])
        ]


@pytest.fixture
def queues(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Queues:
    """Two queues of this test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sqs = boto3.client("sqs", endpoint_url=aws_endpoint, region_name="us-east-1")
    name = uuid4().hex
    urls = [sqs.create_queue(QueueName=each)["QueueUrl"] for each in (name, f"{name}-dead")]
    return Queues(sqs, *urls)


@pytest.fixture
def consumer(context: Services, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    monkeypatch.setattr(consuming, "_POLL", 0)
    settings = context.settings.model_copy(
        update={
            "facebook_queue_url": queues.url,
            "facebook_dead_letter_queue_url": queues.dead_url,
        }
    )
    monkeypatch.setattr(context, "settings", settings)
    monkeypatch.setitem(vars(context), "sqs", queues.sqs)
    return Consumer(context)


def link(user_id: UUID) -> dict[str, Any]:
    return {
        "user_uuid": user_id,
        "fb_access_token": TOKEN,
        "action": "link",
        "facebook_id": "4711",
    }


def running(context: Services, user_id: UUID) -> str:
    info = context.swf.execution(workflow_id(user_id)).describe()["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    return str(info["workflowType"]["name"])


def test_a_message_starts_a_workflow_and_is_gone(
    context: Services, queues: Queues, consumer: Consumer, user_id: UUID
) -> None:
    queues.send(link(user_id))

    consumer.poll()

    assert running(context, user_id) == "CreateContacts"
    assert queues.left() == (0, 0)
    assert queues.dead() == []


def test_unlink_needs_no_more_than_the_user(
    context: Services, queues: Queues, consumer: Consumer, user_id: UUID
) -> None:
    queues.send({"user_uuid": user_id, "action": "unlink"})

    consumer.poll()

    assert running(context, user_id) == "RemoveContacts"


def test_a_message_that_comes_twice_is_done_once(
    context: Services,
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consuming, "_FIRST_WAIT", 0)
    queues.send(link(user_id))
    consumer.poll()
    run_id = context.swf.execution(workflow_id(user_id)).run_id

    queues.send(link(user_id))
    consumer.poll()
    assert queues.left() == (1, 0)  # until it is sure that the first one is good enough
    with context.sessions.begin() as session:
        links.settle(session, user_id, LinkStatus.LISTED)
    consumer.poll()

    assert queues.left() == (0, 0)
    assert context.swf.execution(workflow_id(user_id)).run_id == run_id


def test_a_newer_token_is_not_lost_with_a_link_that_fails_meanwhile(
    context: Services,
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consuming, "_FIRST_WAIT", 0)
    queues.send(link(user_id))
    consumer.poll()
    queues.send({**link(user_id), "fb_access_token": "newer"})
    consumer.poll()

    with context.sessions.begin() as session:
        links.settle(session, user_id, LinkStatus.FAILED, "The older token has expired.")
    context.swf.execution(workflow_id(user_id)).terminate("as it does then")
    consumer.poll()

    assert running(context, user_id) == "CreateContacts"
    row = link_of(context, user_id)
    assert row is not None
    assert context.token_seal.open(row.sealed_token or "") == "newer"


def test_a_message_is_still_there_when_its_workflow_could_not_be_started(
    queues: Queues, consumer: Consumer, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionError("SWF is away")

    queues.send(link(user_id))
    with monkeypatch.context() as patch:
        patch.setattr(consuming, "accept", away)
        consumer.poll()

    assert queues.left() == (0, 1)
    assert queues.dead() == []


def test_the_opposite_comes_again_until_it_can_be_done(
    context: Services, queues: Queues, consumer: Consumer, user_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(consuming, "_FIRST_WAIT", 0)
    queues.send(link(user_id))
    consumer.poll()
    queues.send({"user_uuid": user_id, "action": "unlink"})

    consumer.poll()
    consumer.poll()

    assert running(context, user_id) == "CreateContacts"
    assert queues.left() == (1, 0)

    context.swf.execution(workflow_id(user_id)).terminate("the test says so")
    consumer.poll()

    assert running(context, user_id) == "RemoveContacts"
    assert queues.left() == (0, 0)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("not JSON", "Invalid JSON"),
        ({"action": "link"}, "user_uuid: Field required"),
        ({**link(UUID(int=0)), "action": "like"}, "action: Input should be 'link' or 'unlink'"),
        (link(UUID(int=0)), "There is no user 00000000-0000-0000-0000-000000000000."),
        ({**link(UUID(int=0)), "user_uuid": "x" * 100_000}, "user_uuid"),
    ],
)
def test_a_bad_message_goes_to_the_dead_letter_queue_with_its_reason(
    queues: Queues, consumer: Consumer, message: object, reason: str
) -> None:
    queues.send(message)

    consumer.poll()

    ((body, said),) = queues.dead()
    sent = message if isinstance(message, str) else json.dumps(message, default=str)
    assert body == sent[:50_000]
    assert reason in said
    assert TOKEN not in said
    assert queues.left() == (0, 0)


def test_a_bad_message_stays_where_it_is_until_the_dead_letter_queue_has_it(
    queues: Queues, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues.send("not JSON")
    monkeypatch.setattr(consumer, "_dead_letter_queue_url", f"{queues.dead_url}-gone")

    with pytest.raises(ClientError):
        consumer.poll()

    assert queues.left() == (0, 1)


def test_a_bad_message_does_not_hold_up_good_ones(
    context: Services, queues: Queues, consumer: Consumer, user_id: UUID
) -> None:
    queues.send("not JSON")
    queues.send(link(user_id))

    consumer.poll()
    consumer.poll()

    assert running(context, user_id) == "CreateContacts"
    assert len(queues.dead()) == 1


def test_a_message_that_is_never_done_is_a_bad_one_in_the_end(
    queues: Queues, consumer: Consumer, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "MOST_RECEIVES", 2)
    monkeypatch.setattr(consuming, "_FIRST_WAIT", 0)
    monkeypatch.setattr(consuming, "accept", lambda *_: 1 / 0)
    queues.send(link(user_id))

    consumer.poll()
    consumer.poll()
    assert queues.dead() == []
    consumer.poll()

    ((_, reason),) = queues.dead()
    assert reason == "It came 3 times, and could never be done."
    assert queues.left() == (0, 0)


def test_no_log_line_has_the_token(
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG", "vib")
    queues.send(link(user_id))
    queues.send({**link(user_id), "action": TOKEN})
    consumer.poll()
    monkeypatch.setattr(consuming, "accept", lambda *_: 1 / 0)
    queues.send(link(user_id))
    consumer.poll()

    assert len(caplog.records) >= 3
    assert TOKEN not in caplog.text


# The process


@pytest.fixture
def start(
    consumer: Consumer, queues: Queues, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts `vib create-contacts`."""
    assert consumer
    for name, value in {
        "VIB_FACEBOOK_QUEUE_URL": queues.url,
        "VIB_FACEBOOK_DEAD_LETTER_QUEUE_URL": queues.dead_url,
        "VIB_SQS_ENDPOINT_URL": aws_endpoint,
        "VIB_SQS_REGION": "us-east-1",
    }.items():
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


def test_what_was_received_when_the_process_is_told_to_end_comes_again_at_once(
    queues: Queues, consumer: Consumer, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        queues.send(link(user_id))
    handle = consumer._handle

    def handle_and_be_told(message: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        handle(message)

    monkeypatch.setattr(consumer, "_handle", handle_and_be_told)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        consumer.run()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])

    assert queues.left() == (2, 0)


def test_a_queue_that_is_away_is_asked_again(
    context: Services,
    queues: Queues,
    consumer: Consumer,
    user_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "_queue_url", f"{queues.url}-later")
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

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
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])

    assert running(context, user_id) == "CreateContacts"
