import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from harness.graph import TOKEN, Graph
from harness.popeye import serving
from harness.tus_client import Answer, TusClient, token_of
from harness.users import add_user
from vib.facebook.names import workflow_id
from vib.messages import FacebookJob
from vib.popeye.http.tokens import Audience
from vib.services import Services
from vib.workflows.create_contacts import create_contacts

from .conftest import link_of


@pytest.fixture
def web(context: Services, user_id: UUID, popeye: str) -> TusClient:
    """The web application, with a token about the user."""
    return TusClient(popeye, token_of(context, user_id, Audience.FACEBOOK))


def post(web: TusClient, user_id: UUID, action: str = "link", **more: Any) -> Answer:
    message = {
        "user_uuid": str(user_id),
        "fb_access_token": TOKEN,
        "action": action,
        "facebook_id": "4711",
        **more,
    }
    return web.request("POST", "/facebook", json.dumps(message).encode())


def test_the_message_of_the_queue_starts_the_same_workflow_over_http(
    context: Services, user_id: UUID, web: TusClient
) -> None:
    first, second = post(web, user_id), post(web, user_id)

    assert (first.status, second.status) == (202, 202)
    assert json.loads(first.body) == {"workflow": workflow_id(user_id), "status": "started"}
    assert json.loads(second.body)["status"] == "listing"
    assert context.swf.execution(workflow_id(user_id)).is_open()


def test_the_opposite_is_to_be_asked_for_later(web: TusClient, user_id: UUID) -> None:
    post(web, user_id)

    answer = post(web, user_id, "unlink")

    assert (answer.status, answer.headers["Retry-After"]) == (409, "30")


def test_it_tells_how_far_a_user_is_linked(
    context: Services, graph: Graph, user_id: UUID, web: TusClient
) -> None:
    def state() -> object:
        return json.loads(web.request("GET", "/facebook").body)

    assert state() == {"status": None, "reason": None, "contacts": 0}

    post(web, user_id)
    assert state() == {"status": "asked", "reason": None, "contacts": 0}

    graph.add(1, "Eileen Collins")
    execution = context.swf.execution(workflow_id(user_id))
    execution.terminate("it is done here")
    create_contacts(FacebookJob(user_id))
    assert state() == {"status": "linked", "reason": None, "contacts": 1}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"action": "like"}, "action: Input should be"),
        ({"facebook_id": None}, "link needs facebook_id"),
    ],
)
def test_a_bad_message_is_refused_with_its_reason(
    web: TusClient, user_id: UUID, more: dict[str, Any], sentence: str
) -> None:
    answer = post(web, user_id, **more)

    assert answer.status == 400
    assert sentence in answer.body.decode()
    assert TOKEN not in answer.body.decode()


def test_a_token_is_about_its_user_alone(context: Services, web: TusClient) -> None:
    other = add_user(context)

    assert post(web, other).status == 403
    assert link_of(context, other) is None


@pytest.mark.parametrize("audience", [Audience.UPLOAD, Audience.PROCESS])
def test_who_may_hand_in_files_may_not_link(
    context: Services, popeye: str, user_id: UUID, audience: Audience
) -> None:
    user = TusClient(popeye, token_of(context, user_id, audience))

    assert post(user, user_id).status == 401
    assert user.request("GET", "/facebook").status == 401


def test_a_user_who_is_not_there_may_not_be_linked(context: Services, popeye: str) -> None:
    nobody = uuid4()
    web = TusClient(popeye, token_of(context, nobody, Audience.FACEBOOK))

    assert post(web, nobody).status == 403


def test_a_popeye_without_keys_to_seal_tokens_links_nobody(
    context: Services, user_id: UUID
) -> None:
    settings = context.settings.model_copy(update={"facebook_keys": None})
    with serving(Services(settings)) as (_, url):
        client = TusClient(url, token_of(context, user_id, Audience.FACEBOOK))
        assert post(client, user_id).status == 404
