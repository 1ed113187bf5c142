"""Counting executions and tasks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

EVER = {"oldestDate": datetime.fromtimestamp(0, UTC)}
COUNTED = [
    ({}, 3),
    ({"executionFilter": {"workflowId": "a"}}, 1),
    ({"tagFilter": {"tag": "home"}}, 1),
    ({"tagFilter": {"tag": "nothing"}}, 0),
    ({"typeFilter": {"name": "Process"}}, 3),
    ({"typeFilter": {"name": "Process", "version": "2"}}, 0),
]


def count(swf: Any, which: str, **parameters: Any) -> int:
    operation = getattr(swf.client, f"count_{which}_workflow_executions")
    answer = operation(domain="videos", **parameters)
    assert answer["truncated"] is False
    return answer["count"]


def listed(swf: Any, which: str, **parameters: Any) -> int:
    operation = getattr(swf.client, f"list_{which}_workflow_executions")
    return len(operation(domain="videos", **parameters)["executionInfos"])


@pytest.fixture
def many(swf: Any, clock: Any) -> Any:
    """Open: a (tagged), b, c; closed: a (tagged), b, c; each a minute apart."""
    for closed in (True, False):
        for name in "abc":
            swf.start(name, **({"tagList": ["home"]} if name == "a" else {}))
            if closed:
                swf.decide(swf.fail() if name == "b" else swf.complete())
            clock.advance(60)
    return swf


@pytest.mark.parametrize(("wanted", "expected"), COUNTED)
@pytest.mark.parametrize("which", ["open", "closed"])
def test_what_is_counted_is_what_is_listed(
    many: Any, which: str, wanted: dict[str, Any], expected: int
) -> None:
    assert count(many, which, startTimeFilter=EVER, **wanted) == expected
    assert listed(many, which, startTimeFilter=EVER, **wanted) == expected


def test_closed_executions_are_counted_by_how_and_when_they_closed(many: Any) -> None:
    for status, expected in (("COMPLETED", 2), ("FAILED", 1), ("TIMED_OUT", 0)):
        wanted = {"closeStatusFilter": {"status": status}}
        assert count(many, "closed", closeTimeFilter=EVER, **wanted) == expected
    (latest, *_) = many.client.list_closed_workflow_executions(
        domain="videos", closeTimeFilter=EVER
    )["executionInfos"]
    for order, member in (
        ("startTimeFilter", "startTimestamp"),
        ("closeTimeFilter", "closeTimestamp"),
    ):
        time = latest[member]
        earlier = {"oldestDate": 0, "latestDate": time - timedelta(seconds=60)}
        assert count(many, "closed", **{order: earlier}) == 2
        assert count(many, "closed", **{order: {"oldestDate": time}}) == 1
        assert count(many, "closed", **{order: {"oldestDate": time + timedelta(seconds=1)}}) == 0


def test_counts_are_refused_as_lists_are(swf: Any) -> None:
    both = {"executionFilter": {"workflowId": "a"}, "tagFilter": {"tag": "b"}}
    for which, parameters in (
        ("closed", {}),
        ("closed", {"startTimeFilter": EVER, "closeTimeFilter": EVER}),
        ("closed", {"startTimeFilter": EVER, **both}),
        ("open", {"startTimeFilter": EVER, **both}),
    ):
        refused = [
            swf.refusal(f"{verb}_{which}_workflow_executions", domain="videos", **parameters)
            for verb in ("count", "list")
        ]
        assert refused[0] == refused[1]
        assert refused[0][0] == "ValidationException"
    for which in ("open", "closed"):
        refusal = swf.refusal(
            f"count_{which}_workflow_executions", domain="nowhere", startTimeFilter=EVER
        )
        assert refusal == ("UnknownResourceFault", "Unknown domain: nowhere")


@pytest.mark.parametrize("which", ["open", "closed"])
def test_more_than_a_thousand_executions_are_not_counted_to_the_end(swf: Any, which: str) -> None:
    for number in range(1001):
        swf.start(f"w{number}")
        if which == "closed":
            swf.decide(swf.complete())
        if number == 999:
            assert count(swf, which, startTimeFilter=EVER) == 1000

    operation = getattr(swf.client, f"count_{which}_workflow_executions")
    answer = operation(domain="videos", startTimeFilter=EVER)
    assert (answer["count"], answer["truncated"]) == (1000, True)
    assert count(swf, which, startTimeFilter=EVER, executionFilter={"workflowId": "w7"}) == 1


def test_pending_tasks_are_those_that_nobody_has_yet(swf: Any) -> None:
    def pending(kind: str, name: str) -> int:
        operation = getattr(swf.client, f"count_pending_{kind}_tasks")
        answer = operation(domain="videos", taskList={"name": name})
        assert answer["truncated"] is False
        return answer["count"]

    assert pending("decision", "deciders") == 0
    swf.start("a", taskPriority="1")
    swf.start("b")
    swf.start("c", taskList={"name": "others"})
    assert (pending("decision", "deciders"), pending("decision", "others")) == (2, 1)

    tasks = [swf.schedule("1"), swf.schedule("2", taskPriority="9"), swf.schedule("3")]
    swf.decide(*tasks)
    assert (pending("decision", "deciders"), pending("activity", "workers")) == (1, 3)
    swf.poll_activity()
    assert (pending("activity", "workers"), pending("activity", "deciders")) == (2, 0)
    swf.client.terminate_workflow_execution(domain="videos", workflowId="a")
    assert pending("activity", "workers") == 0


@pytest.mark.parametrize("kind", ["decision", "activity"])
def test_tasks_of_a_domain_that_is_not_there(swf: Any, kind: str) -> None:
    swf.client.register_domain(name="other", workflowExecutionRetentionPeriodInDays="1")
    operation = getattr(swf.client, f"count_pending_{kind}_tasks")
    swf.start()
    assert operation(domain="other", taskList={"name": "deciders"})["count"] == 0
    refused = swf.refusal(
        f"count_pending_{kind}_tasks", domain="nowhere", taskList={"name": "deciders"}
    )
    assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")
