"""ListOpenWorkflowExecutions and ListClosedWorkflowExecutions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localswf import VirtualClock

EVER = {"oldestDate": datetime.fromtimestamp(0, UTC)}
TYPE = {"name": "Process", "version": "1"}


def listed(swf: Any, which: str, **filters: Any) -> list[str]:
    """The workflowIds of a list, read page by page."""
    names: list[str] = []
    operation = getattr(swf.client, f"list_{which}_workflow_executions")
    while True:
        page = operation(domain="videos", **filters)
        names += [info["execution"]["workflowId"] for info in page["executionInfos"]]
        if "nextPageToken" not in page:
            return names
        filters["nextPageToken"] = page["nextPageToken"]


def run(swf: Any, workflow_id: str, *decisions: dict[str, Any], **parameters: Any) -> None:
    swf.start(workflow_id, **parameters)
    swf.decide(*decisions)


@pytest.fixture
def three(swf: Any, clock: VirtualClock) -> Any:
    """Three executions a minute apart, that are closed in another order: b, a, c."""
    for name in "abc":
        swf.start(name)
        clock.advance(60)
    for name in "bac":
        swf.client.terminate_workflow_execution(domain="videos", workflowId=name)
        clock.advance(60)
    return swf


def test_open_executions_are_listed_the_latest_first(swf: Any, clock: VirtualClock) -> None:
    for name in "abc":
        swf.start(name)
        clock.advance(60)

    assert listed(swf, "open", startTimeFilter=EVER) == ["c", "b", "a"]
    assert listed(swf, "open", startTimeFilter=EVER, reverseOrder=True) == ["a", "b", "c"]


def test_an_execution_is_in_one_of_the_two_lists(swf: Any) -> None:
    swf.start("video")
    assert listed(swf, "open", startTimeFilter=EVER) == ["video"]
    assert listed(swf, "closed", startTimeFilter=EVER) == []

    swf.decide(swf.complete())

    assert listed(swf, "open", startTimeFilter=EVER) == []
    assert listed(swf, "closed", startTimeFilter=EVER) == ["video"]


def test_a_list_tells_what_describing_tells(swf: Any) -> None:
    run(swf, "closed", swf.complete())
    swf.start("open", tagList=["home"])

    for name in ("open", "closed"):
        operation = getattr(swf.client, f"list_{name}_workflow_executions")
        (info,) = operation(domain="videos", startTimeFilter=EVER)["executionInfos"]

        assert info == swf.describe(name)["executionInfo"]


def test_closed_executions_are_listed_by_either_time(three: Any) -> None:
    assert listed(three, "closed", startTimeFilter=EVER) == ["c", "b", "a"]
    assert listed(three, "closed", closeTimeFilter=EVER) == ["c", "a", "b"]
    assert listed(three, "closed", closeTimeFilter=EVER, reverseOrder=True) == ["b", "a", "c"]


def test_a_time_filter_includes_both_its_ends(three: Any) -> None:
    starts = {
        name: three.describe(name)["executionInfo"]["startTimestamp"] for name in ("a", "b", "c")
    }

    times = {"oldestDate": starts["a"], "latestDate": starts["b"]}
    later = {"oldestDate": starts["a"] + timedelta(seconds=1)}

    assert listed(three, "closed", startTimeFilter=times) == ["b", "a"]
    assert listed(three, "closed", startTimeFilter=later) == ["c", "b"]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_hold_everything_once_and_in_order(three: Any, size: int, reverse: bool) -> None:
    times = {"closeTimeFilter": EVER, "reverseOrder": reverse}

    paged = listed(three, "closed", maximumPageSize=size, **times)

    assert paged == listed(three, "closed", **times)


def test_executions_of_the_same_moment_are_all_listed(swf: Any) -> None:
    for name in "abcde":
        swf.start(name)

    assert listed(swf, "open", startTimeFilter=EVER, maximumPageSize=2) == list("edcba")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"executionFilter": {"workflowId": "tagged"}}, ["tagged"]),
        ({"tagFilter": {"tag": "home"}}, ["tagged"]),
        ({"typeFilter": TYPE}, ["failed", "tagged"]),
        ({"typeFilter": {"name": "Process"}}, ["failed", "tagged"]),
        ({"typeFilter": {"name": "Process", "version": "2"}}, []),
        ({"closeStatusFilter": {"status": "FAILED"}}, ["failed"]),
    ],
)
def test_filters_let_through_what_they_name(
    swf: Any, wanted: dict[str, Any], found: list[str]
) -> None:
    run(swf, "tagged", swf.complete(), tagList=["home", "2024"])
    run(swf, "failed", swf.fail())

    assert listed(swf, "closed", startTimeFilter=EVER, **wanted) == found


def test_what_contradicts_itself_is_refused(swf: Any) -> None:
    both = {"executionFilter": {"workflowId": "a"}, "tagFilter": {"tag": "b"}}
    for parameters in ({}, {"startTimeFilter": EVER, "closeTimeFilter": EVER}):
        code, message = swf.refusal(
            "list_closed_workflow_executions", domain="videos", **parameters
        )
        assert (code, "either startTimeFilter or closeTimeFilter" in message) == (
            "ValidationException",
            True,
        )
    code, _ = swf.refusal(
        "list_open_workflow_executions", domain="videos", startTimeFilter=EVER, **both
    )
    assert code == "ValidationException"


def test_an_unknown_domain_is_refused(swf: Any) -> None:
    refused = swf.refusal("list_open_workflow_executions", domain="nowhere", startTimeFilter=EVER)

    assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")


def test_a_token_of_another_list_is_refused(three: Any) -> None:
    by_start = three.client.list_closed_workflow_executions(
        domain="videos", startTimeFilter=EVER, maximumPageSize=1
    )

    refused = three.refusal(
        "list_closed_workflow_executions",
        domain="videos",
        closeTimeFilter=EVER,
        nextPageToken=by_start["nextPageToken"],
    )

    assert refused == ("ValidationException", "Invalid token")
