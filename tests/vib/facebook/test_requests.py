import json
from typing import Any
from uuid import UUID, uuid4

import pytest

import swflow
from harness.graph import TOKEN, USER
from harness.jobs import sync
from vib.db.models import Link, LinkStatus
from vib.facebook import links
from vib.facebook.names import workflow_id
from vib.facebook.requests import BadRequest, FacebookRequest, OtherActionRunning, Receipt, accept
from vib.services import Services

from .conftest import link_of


def request(user_id: UUID, action: str = "link", **more: Any) -> FacebookRequest:
    said = {"user_uuid": str(user_id), "action": action, **more}
    if action == "link":
        said = {"facebook_id": "4711", "fb_access_token": TOKEN, **said}
    return FacebookRequest.read(json.dumps(said))


def test_a_request_starts_the_workflow_of_its_user(context: Services, user_id: UUID) -> None:
    assert accept(context, request(user_id)) is Receipt.STARTED

    execution = context.swf.execution(f"facebook-{user_id}")
    info = execution.describe()["executionInfo"]
    assert (info["workflowType"]["name"], info["executionStatus"]) == ("CreateContacts", "OPEN")


def test_the_token_is_in_no_history_and_sealed_in_the_database(
    context: Services, user_id: UUID
) -> None:
    accept(context, request(user_id))

    history = json.dumps(context.swf.execution(workflow_id(user_id)).history(), default=str)
    link = link_of(context, user_id)
    assert link is not None
    assert link.sealed_token is not None
    assert TOKEN not in history
    assert link.sealed_token not in history
    assert TOKEN not in link.sealed_token
    assert context.token_seal.open(link.sealed_token) == TOKEN


def test_what_is_being_done_already_is_not_begun_again_and_gets_the_newer_token(
    context: Services, user_id: UUID
) -> None:
    accept(context, request(user_id))
    run_id = context.swf.execution(workflow_id(user_id)).run_id

    assert accept(context, request(user_id, fb_access_token="newer")) is Receipt.LISTING

    assert context.swf.execution(workflow_id(user_id)).run_id == run_id
    link = link_of(context, user_id)
    assert link is not None
    assert context.token_seal.open(link.sealed_token or "") == "newer"


def test_what_is_sure_to_be_done_need_not_be_asked_for_again(
    context: Services, user_id: UUID
) -> None:
    accept(context, request(user_id))
    with context.sessions.begin() as session:
        links.settle(session, user_id, LinkStatus.LISTED)
    assert accept(context, request(user_id)) is Receipt.RUNNING

    context.swf.execution(workflow_id(user_id)).terminate("the test says so")
    accept(context, request(user_id, "unlink"))
    assert accept(context, request(user_id, "unlink")) is Receipt.RUNNING


def test_what_ends_at_this_moment_is_in_nobodys_way(
    context: Services, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(context, request(user_id))
    start = context.swf.start

    def start_when_the_link_ends(*given: Any, **more: Any) -> object:
        try:
            return start(*given, **more)
        except swflow.WorkflowAlreadyRunning:
            context.swf.execution(workflow_id(user_id)).terminate("the test says so")
            raise

    monkeypatch.setattr(context.swf, "start", start_when_the_link_ends)

    assert accept(context, request(user_id, "unlink")) is Receipt.STARTED


def test_the_opposite_waits_until_that_is_done(context: Services, user_id: UUID) -> None:
    accept(context, request(user_id, "unlink", facebook_id="4711", fb_access_token=TOKEN))
    assert link_of(context, user_id) is None

    with pytest.raises(OtherActionRunning, match="cannot be linked"):
        accept(context, request(user_id))
    assert link_of(context, user_id) is None  # no token lies about meanwhile

    context.swf.execution(workflow_id(user_id)).terminate("the test says so")
    assert accept(context, request(user_id)) is Receipt.STARTED


def test_a_link_that_is_kept_waiting_takes_its_token_back_and_leaves_the_rest(
    context: Services, user_id: UUID
) -> None:
    with context.sessions.begin() as session:
        session.add(
            Link(
                user_id=user_id,
                provider="facebook",
                provider_id=USER,
                status=LinkStatus.UNLINKING,
            )
        )
    accept(context, request(user_id, "unlink"))

    with pytest.raises(OtherActionRunning):
        accept(context, request(user_id))

    link = link_of(context, user_id)
    assert link is not None
    assert (link.status, link.sealed_token) == (LinkStatus.UNLINKING, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Invalid JSON"),
        (f'{{"fb_access_token": "{TOKEN}"', "Invalid JSON"),
        ("[]", "it: Input should be an object"),
        ("{}", "user_uuid: Field required; action: Field required"),
        ({"user_uuid": TOKEN}, "user_uuid: Input should be a valid UUID"),
        ({"action": TOKEN}, "action: Input should be 'link' or 'unlink'"),
        ({"facebook_id": f"{TOKEN}/../me"}, "facebook_id: String should match"),
        ({"facebook_id": None}, "link needs facebook_id and fb_access_token"),
        ({"fb_access_token": None}, "link needs facebook_id and fb_access_token"),
        ({"fb_access_token": ""}, "fb_access_token: "),
        ({"fb_access_token": TOKEN * 1_000}, "fb_access_token: "),
        ({"fb_access_token": [TOKEN]}, "fb_access_token: "),
    ],
)
def test_what_is_no_request_is_refused_by_a_sentence_without_what_it_says(
    text: str | dict[str, Any], sentence: str
) -> None:
    if isinstance(text, dict):
        good = {"user_uuid": str(uuid4()), "action": "link", "facebook_id": "1"}
        text = json.dumps({**good, "fb_access_token": TOKEN, **text})

    with pytest.raises(BadRequest) as refused:
        FacebookRequest.read(text)

    assert sentence in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_request_does_not_show_its_token() -> None:
    asked = request(uuid4())

    assert TOKEN not in f"{asked} {asked!r}"


def test_a_user_who_is_not_there_cannot_be_linked(context: Services) -> None:
    with pytest.raises(BadRequest, match="There is no user"):
        accept(context, request(uuid4()))


def test_a_token_that_nobody_came_for_is_forgotten_in_time(
    context: Services, user_id: UUID
) -> None:
    accept(context, request(user_id))
    sync(context)
    link = link_of(context, user_id)
    assert link is not None
    assert link.sealed_token is not None

    with context.sessions.begin() as session:
        later = session.get_one(Link, (user_id, "facebook"))
        later.updated_at = later.updated_at.replace(year=2020)
    done = sync(context)

    assert done["access tokens forgotten"] == 1
    link = link_of(context, user_id)
    assert link is not None
    assert link.sealed_token is None
