"""Tags on domains."""

from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock

ARN = "arn:aws:swf:us-east-1:123456789012:/domain/videos"


def tags(client: Any) -> dict[str, str | None]:
    found = client.list_tags_for_resource(resourceArn=ARN)["tags"]
    return {tag["key"]: tag.get("value") for tag in found}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def test_a_domain_is_tagged_and_untagged(client: Any) -> None:
    client.register_domain(
        name="videos",
        workflowExecutionRetentionPeriodInDays="1",
        tags=[*pairs(team="faces", stage="test"), {"key": "bare"}],
    )
    assert client.describe_domain(name="videos")["domainInfo"]["arn"] == ARN
    assert tags(client) == {"bare": None, "stage": "test", "team": "faces"}

    client.tag_resource(resourceArn=ARN, tags=pairs(stage="live", owner="Zoë Ünal_1.:/=+-@"))
    client.untag_resource(resourceArn=ARN, tagKeys=["team", "nothing"])

    assert tags(client) == {"bare": None, "owner": "Zoë Ünal_1.:/=+-@", "stage": "live"}


def test_a_domain_has_no_tags_at_first(swf: Any) -> None:
    assert tags(swf.client) == {}
    swf.client.untag_resource(resourceArn=ARN, tagKeys=["nothing"])
    assert tags(swf.client) == {}


def test_tags_survive_a_restart(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "swf.db"
    with Client(Service(path, clock)) as client:
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
        client.tag_resource(resourceArn=ARN, tags=pairs(a="1", b="2"))
        client.untag_resource(resourceArn=ARN, tagKeys=["a"])
    with Client(Service(path, clock)) as client:
        client.deprecate_domain(name="videos")
        assert tags(client) == {"b": "2"}


def test_a_domain_has_at_most_fifty_tags(swf: Any) -> None:
    fifty = pairs(**{f"k{number}": "" for number in range(50)})
    swf.client.tag_resource(resourceArn=ARN, tags=fifty)
    # Another value for a key that is there makes it no more.
    swf.client.tag_resource(resourceArn=ARN, tags=pairs(k0="new"))

    refused = swf.refusal("tag_resource", resourceArn=ARN, tags=pairs(k0="newer", one="more"))
    assert refused[0] == "TooManyTagsFault"
    assert (len(tags(swf.client)), tags(swf.client)["k0"]) == (50, "new")

    refused = swf.refusal(
        "register_domain",
        name="other",
        workflowExecutionRetentionPeriodInDays="1",
        tags=[*fifty, *pairs(one="more")],
    )
    assert refused[0] == "TooManyTagsFault"
    assert swf.refusal("describe_domain", name="other")[0] == "UnknownResourceFault"


@pytest.mark.parametrize(
    ("tag", "path"),
    [
        ({"key": "", "value": "v"}, "tags.1.member.key"),
        ({"key": "k" * 129, "value": "v"}, "tags.1.member.key"),
        ({"key": "k", "value": "v" * 257}, "tags.1.member.value"),
        ({"key": "k!", "value": "v"}, "tags.1.member.key"),
        ({"key": "k", "value": "v;"}, "tags.1.member.value"),
        ({"value": "v"}, "tags.1.member.key"),
    ],
)
def test_tags_keep_to_the_limits(swf: Any, tag: dict[str, str], path: str) -> None:
    code, message = swf.refusal("tag_resource", resourceArn=ARN, tags=[tag])
    assert code == "ValidationException"
    assert f"at '{path}' failed to satisfy constraint" in message
    assert tags(swf.client) == {}


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("tag_resource", {"tags": []}),
        ("untag_resource", {"tagKeys": []}),
        ("list_tags_for_resource", {}),
    ],
)
def test_only_domains_have_tags(swf: Any, method: str, parameters: dict[str, Any]) -> None:
    nowhere = ARN.replace("videos", "nowhere")
    refused = swf.refusal(method, resourceArn=nowhere, **parameters)
    assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")
    refused = swf.refusal(method, resourceArn="videos", **parameters)
    assert refused == ("ValidationException", "Invalid ARN: videos")
