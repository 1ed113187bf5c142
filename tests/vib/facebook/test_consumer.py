import json
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError

from harness.graph import TOKEN
from harness.queues import Queues, link, unlink
from harness.users import add_user
from vib.db.models import LinkStatus
from vib.facebook import consumer as consuming
from vib.facebook import links
from vib.facebook.consumer import Consumer
from vib.facebook.names import workflow_id
from vib.facebook.requests import Receipt, accept
from vib.services import Services

from .conftest import link_of, running


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
    queues.send(unlink(user_id))

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
    queues.send(unlink(user_id))

    consumer.poll()
    consumer.poll()

    assert running(context, user_id) == "CreateContacts"
    assert queues.left() == (1, 0)

    context.swf.execution(workflow_id(user_id)).terminate("the test says so")
    consumer.poll()

    assert running(context, user_id) == "RemoveContacts"
    assert queues.left() == (0, 0)


@pytest.mark.parametrize("queues", [{"in_order": True}], indirect=True)
def test_of_a_queue_that_keeps_the_order_nothing_overtakes_what_has_to_wait(
    context: Services, queues: Queues, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_FIRST_WAIT", 0)
    ann, bob = add_user(context), add_user(context)
    for user_id, message in ((ann, link(ann)), (ann, unlink(ann)), (bob, unlink(bob))):
        queues.send(message, str(user_id))
    outages = iter([ConnectionError("SWF is away for a moment")])

    def accept_later(*given: Any) -> Receipt:
        for outage in outages:
            raise outage
        return accept(*given)

    monkeypatch.setattr(consuming, "accept", accept_later)

    consumer.poll()

    assert running(context, bob) == "RemoveContacts"
    assert queues.left() == (2, 0)
    consumer.poll()
    assert running(context, ann) == "CreateContacts"


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
