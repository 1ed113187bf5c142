"""`swflow register` and `swflow start`: what is said, and what is there afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest

from swflow import Client

SHOP = """
from datetime import timedelta
from pathlib import Path
from swflow import activity, workflow

@activity(version="1", task_list="shop", start_to_close=timedelta(seconds={seconds}))
def pack(item: str) -> str:
    return item

@workflow("Order", version="1", task_list="shop", execution_timeout=timedelta(hours=1))
async def order(item: str, copies: int = 1) -> str:
    return await pack(item)
"""


@pytest.fixture
def shop(swflow_command: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The command in a folder with a program of its own, in a domain of its own."""
    swflow_command.enter(tmp_path, request.node.name.removeprefix("test_")[:200])

    def write(seconds: int = 60) -> str:
        swflow_command.forget("shop")
        (tmp_path / "shop.py").write_text(SHOP.format(seconds=seconds))
        return "shop"

    swflow_command.write = write
    write()
    return swflow_command


def test_says_what_is_new_and_then_that_nothing_is(shop: Any) -> None:
    first = shop("register", "shop", "--retention", "3")
    assert [line.split()[:2] for line in first] == [
        ["new", "domain"],
        ["new", "activity"],
        ["new", "workflow"],
    ]
    again = shop("register", "shop", "--retention", "3")
    assert {line.split()[0] for line in again} == {"unchanged"}


def test_a_dry_run_says_what_would_change_and_changes_nothing(shop: Any) -> None:
    planned = shop("register", "shop", "--retention", "3", "--dry-run")
    assert all(line.startswith("would be new") for line in planned)
    assert shop("register", "shop", "--retention", "3")[0].startswith("new")


def test_a_changed_default_is_said(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    shop.write(seconds=90)
    activity, workflow = shop("register", "shop")
    assert activity.startswith("differs")
    assert "defaultTaskStartToCloseTimeout is 60, the program says 90" in activity
    assert "give it another version" in activity
    assert workflow.startswith("unchanged")


def test_another_retention_is_said(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    domain, *_ = shop("register", "shop", "--retention", "7")
    assert "workflowExecutionRetentionPeriodInDays is 3, the program says 7" in domain


def test_a_deprecated_type_is_said(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    kind: Any = {"name": "pack", "version": "1"}
    shop.client().connection.swf.deprecate_activity_type(domain=shop.domain, activityType=kind)
    activity, _ = shop("register", "shop")
    assert activity.startswith("deprecated")
    assert "until it is undeprecated" in activity


def test_json_says_the_same(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    shop.write(seconds=90)
    activity, workflow = json.loads("\n".join(shop("register", "shop", "--json")))
    assert activity["differences"] == {"defaultTaskStartToCloseTimeout": ["60", "90"]}
    assert (activity["status"], workflow["status"]) == ("differs", "unchanged")


def test_a_domain_is_not_made_without_a_retention(shop: Any) -> None:
    assert "does not exist; register it, with a retention" in shop.refused("register", "shop")


@pytest.mark.parametrize("days", ["0", "91", "soon", "-1"])
def test_a_retention_that_amazon_swf_does_not_take(shop: Any, days: str) -> None:
    assert "number of days from 1 to 90" in shop.refused("register", "shop", f"--retention={days}")


# What the project's seed documents list as bugs of boto.swf.


def test_the_retention_is_the_one_asked_for(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    described = shop.client().connection.swf.describe_domain(name=shop.domain)
    assert described["configuration"]["workflowExecutionRetentionPeriodInDays"] == "3"


def test_no_timeout_is_registered_that_nobody_asked_for(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    kind: Any = {"name": "pack", "version": "1"}
    swf = shop.client().connection.swf
    described = swf.describe_activity_type(domain=shop.domain, activityType=kind)
    assert described["configuration"] == {
        "defaultTaskStartToCloseTimeout": "60",
        "defaultTaskList": {"name": "shop"},
    }


def test_the_region_passes_through(shop: Any) -> None:
    shop("register", "shop", "--retention", "3", "--region", "eu-central-1")
    described = Client(shop.domain, endpoint_url=shop.endpoint_url, region="eu-central-1")
    arn = described.connection.swf.describe_domain(name=shop.domain)["domainInfo"]["arn"]
    assert arn.startswith("arn:aws:swf:eu-central-1:")


def test_ids_that_are_made_up_never_collide(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    started = [shop("start", "shop:order", '"tea"')[0].split()[0] for _ in range(5)]
    assert len(set(started)) == 5
    assert all(each.startswith("Order-") for each in started)


def test_the_id_of_an_open_execution_is_refused(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    shop("start", "shop:order", '"tea"', "--workflow-id=one")
    said = shop.refused("start", "shop:order", '"tea"', "--workflow-id=one")
    assert said.startswith("swflow: an execution with the id 'one' is open in domain")


def test_a_decider_may_come_after_the_execution(cluster: Any) -> None:
    execution = cluster.start(cluster.films.assemble, cluster.film, 2)
    cluster.decider()
    cluster.worker()
    assert execution.result() == "film-0+film-1"


# Starting.


def test_arguments_are_json_by_position_and_by_name(shop: Any) -> None:
    shop("register", "shop", "--retention", "3")
    shop("start", "shop:order", '"tea"', "copies=2", "--workflow-id=one", "--tag=a", "--tag=b")
    execution = shop.client().execution("one")
    started = execution.history()[0]["workflowExecutionStartedEventAttributes"]
    assert json.loads(started["input"]) == {"args": ["tea"], "kwargs": {"copies": 2}}
    assert started["tagList"] == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shop:order", "tea"], "'tea' is not JSON"),
        (["shop:order", "tea"], "if it is meant as text, write '\"tea\"'"),
        (["shop:order", "[1]"], "Order: argument 'item'"),
        (["shop:order"], "Order(): missing a required argument: 'item'"),
        (["shop:pack", '"tea"'], "shop:pack is no workflow"),
        (["shop:sell", '"tea"'], "cannot load shop:sell: module 'shop' has no attribute 'sell'"),
        (["shop", '"tea"'], "it is written package.module:workflow"),
        (["shops:order"], "cannot load shops:order: No module named 'shops'"),
    ],
)
def test_what_cannot_be_started(shop: Any, words: list[str], said: str) -> None:
    assert said in shop.refused("start", *words)


def test_a_type_that_is_not_registered(shop: Any) -> None:
    said = shop.refused("start", "shop:order", '"tea"')
    assert "register the domain and the type" in said


def test_a_program_that_cannot_be_loaded_says_where(shop: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\nimport nowhere_to_be_found\n")
    said = shop.refused("register", "broken")
    assert "No module named 'nowhere_to_be_found'" in said
    assert f"{tmp_path / 'broken.py'}, line 2" in said


def test_what_cannot_be_replayed_is_a_warning_and_what_to_use_instead(
    shop: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "shop.py"
    path.write_text(path.read_text().replace("await pack(item)", "str(print(item))"))
    assert shop("register", "shop", "--retention", "3", "--dry-run")
    assert caplog.messages == []

    path.write_text(path.read_text().replace("print(item)", "open(item)"))
    shop.forget("shop")
    assert shop("register", "shop", "--retention", "3")
    line = len(path.read_text().splitlines())
    assert caplog.messages == [
        f"{path}:{line}: open() in a workflow's code does not replay the same; use an activity"
    ]
