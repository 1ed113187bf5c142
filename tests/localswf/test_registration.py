"""Deprecating, undeprecating, deleting and listing domains and types."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock

WORKFLOW = {"name": "Process", "version": "1"}
ACTIVITY = {"name": "Resize", "version": "1"}
KINDS = [("workflow", WORKFLOW), ("activity", ACTIVITY)]


def of_type(kind: str, reference: dict[str, str]) -> dict[str, Any]:
    """How a request names a type."""
    return {"domain": "videos", f"{kind}Type": reference}


def shown(kind: str, reference: dict[str, str]) -> str:
    """How a fault names a type."""
    return f"{kind.title()}Type=[name={reference['name']}, version={reference['version']}]"


def call(client: Any, verb: str, kind: str, reference: dict[str, str]) -> dict[str, Any]:
    return getattr(client, f"{verb}_{kind}_type")(**of_type(kind, reference))


def listed(client: Any, kind: str, status: str, **parameters: Any) -> list[tuple[str, str]]:
    """Names and versions of the types in a list, read page by page."""
    found: list[tuple[str, str]] = []
    operation = getattr(client, f"list_{kind}_types")
    while True:
        page = operation(domain="videos", registrationStatus=status, **parameters)
        types = [info[f"{kind}Type"] for info in page["typeInfos"]]
        found += [(one["name"], one["version"]) for one in types]
        if "nextPageToken" not in page:
            return found
        parameters["nextPageToken"] = page["nextPageToken"]


def domains(client: Any, status: str) -> list[str]:
    infos = client.list_domains(registrationStatus=status)["domainInfos"]
    assert all(info["status"] == status for info in infos)
    return [info["name"] for info in infos]


@pytest.mark.parametrize(("kind", "reference"), KINDS)
def test_a_type_is_deprecated_and_undeprecated(
    swf: Any, clock: VirtualClock, kind: str, reference: dict[str, str]
) -> None:
    clock.advance(60)
    call(swf.client, "deprecate", kind, reference)
    deprecated = datetime.fromtimestamp(clock.now() / 1000, tz=UTC)
    clock.advance(60)

    info = call(swf.client, "describe", kind, reference)["typeInfo"]
    assert (info["status"], info["deprecationDate"]) == ("DEPRECATED", deprecated)
    operation = getattr(swf.client, f"list_{kind}_types")
    assert operation(domain="videos", registrationStatus="DEPRECATED")["typeInfos"] == [info]
    assert operation(domain="videos", registrationStatus="REGISTERED")["typeInfos"] == []

    call(swf.client, "undeprecate", kind, reference)

    info = call(swf.client, "describe", kind, reference)["typeInfo"]
    assert info["status"] == "REGISTERED"
    assert "deprecationDate" not in info
    assert operation(domain="videos", registrationStatus="REGISTERED")["typeInfos"] == [info]
    assert operation(domain="videos", registrationStatus="DEPRECATED")["typeInfos"] == []


@pytest.mark.parametrize(("kind", "reference"), KINDS)
def test_a_type_changes_to_what_it_is_not(swf: Any, kind: str, reference: dict[str, str]) -> None:
    named = of_type(kind, reference)
    name = shown(kind, reference)

    undeprecated = swf.refusal(f"undeprecate_{kind}_type", **named)
    deleted = swf.refusal(f"delete_{kind}_type", **named)
    call(swf.client, "deprecate", kind, reference)
    deprecated = swf.refusal(f"deprecate_{kind}_type", **named)
    registered = swf.refusal(f"register_{kind}_type", domain="videos", **reference)

    assert undeprecated == ("TypeAlreadyExistsFault", name)
    assert deleted == ("TypeNotDeprecatedFault", name)
    assert deprecated == ("TypeDeprecatedFault", name)
    assert registered == ("TypeAlreadyExistsFault", name)


@pytest.mark.parametrize("verb", ["deprecate", "undeprecate", "delete"])
@pytest.mark.parametrize(("kind", "reference"), KINDS)
def test_only_what_is_there_changes(
    swf: Any, kind: str, reference: dict[str, str], verb: str
) -> None:
    other = {**reference, "version": "2"}
    refused = swf.refusal(f"{verb}_{kind}_type", **of_type(kind, other))
    assert refused == ("UnknownResourceFault", f"Unknown type: {shown(kind, other)}")

    named = {**of_type(kind, reference), "domain": "nowhere"}
    refused = swf.refusal(f"{verb}_{kind}_type", **named)
    assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")


@pytest.mark.parametrize(("kind", "reference"), KINDS)
def test_a_deleted_type_is_gone_and_may_come_again(
    swf: Any, kind: str, reference: dict[str, str]
) -> None:
    call(swf.client, "deprecate", kind, reference)
    call(swf.client, "delete", kind, reference)

    refused = swf.refusal(f"describe_{kind}_type", **of_type(kind, reference))
    assert refused == ("UnknownResourceFault", f"Unknown type: {shown(kind, reference)}")
    assert listed(swf.client, kind, "DEPRECATED") == []

    getattr(swf.client, f"register_{kind}_type")(domain="videos", **reference)
    assert listed(swf.client, kind, "REGISTERED") == [(reference["name"], reference["version"])]


def test_no_execution_of_a_deprecated_type_starts(swf: Any) -> None:
    swf.start("before")
    call(swf.client, "deprecate", "workflow", WORKFLOW)

    start = {"domain": "videos", "workflowId": "after", "workflowType": WORKFLOW}
    refused = swf.refusal("start_workflow_execution", **start)

    assert refused == ("TypeDeprecatedFault", shown("workflow", WORKFLOW))
    # What runs already runs on.
    swf.decide(swf.complete())
    assert swf.types("before")[-1] == "WorkflowExecutionCompleted"
    call(swf.client, "undeprecate", "workflow", WORKFLOW)
    swf.start("after")


def test_no_task_of_a_deprecated_activity_type_is_scheduled(swf: Any) -> None:
    swf.start()
    swf.decide(swf.schedule("before"))
    call(swf.client, "deprecate", "activity", ACTIVITY)
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")
    swf.decide(swf.schedule("after"))

    failed = swf.last("ScheduleActivityTaskFailed")
    assert (failed["activityId"], failed["cause"]) == ("after", "ACTIVITY_TYPE_DEPRECATED")
    # What was scheduled already is worked on.
    assert swf.poll_activity()["activityId"] == "before"


def test_nothing_new_begins_in_a_deprecated_domain(swf: Any) -> None:
    swf.start("before")
    swf.client.deprecate_domain(name="videos")

    refused = [
        swf.refusal("register_workflow_type", domain="videos", name="New", version="1"),
        swf.refusal("register_activity_type", domain="videos", name="New", version="1"),
        swf.refusal(
            "start_workflow_execution",
            domain="videos",
            workflowId="after",
            workflowType=WORKFLOW,
        ),
        swf.refusal("deprecate_domain", name="videos"),
    ]

    assert refused == [("DomainDeprecatedFault", "videos")] * 4
    swf.decide(swf.schedule("resize"))
    assert swf.last("ScheduleActivityTaskFailed", "before")["cause"] == "ACTIVITY_TYPE_DEPRECATED"
    swf.decide(swf.complete())
    assert swf.types("before")[-1] == "WorkflowExecutionCompleted"


def test_what_is_told_first_of_what_cannot_be_used(swf: Any) -> None:
    unknown = {"name": "Nothing", "version": "1"}
    start = {"domain": "videos", "workflowId": "w"}
    call(swf.client, "deprecate", "workflow", WORKFLOW)

    def refusals() -> list[str]:
        tried = [{**start, "workflowType": kind} for kind in (unknown, WORKFLOW)]
        tried.append({**start, "domain": "nowhere", "workflowType": WORKFLOW})
        return [swf.refusal("start_workflow_execution", **request)[0] for request in tried]

    unknown_resource = "UnknownResourceFault"
    assert refusals() == [unknown_resource, "TypeDeprecatedFault", unknown_resource]
    swf.client.deprecate_domain(name="videos")
    deprecated = "DomainDeprecatedFault"
    assert refusals() == [deprecated, deprecated, unknown_resource]


def test_a_type_may_be_deleted_under_its_executions(swf: Any) -> None:
    swf.start()
    for kind, reference in KINDS:
        call(swf.client, "deprecate", kind, reference)
        call(swf.client, "delete", kind, reference)

    swf.decide(swf.schedule("resize"))
    failed = swf.last("ScheduleActivityTaskFailed")
    assert failed["cause"] == "ACTIVITY_TYPE_DOES_NOT_EXIST"
    swf.decide(swf.decision("ContinueAsNewWorkflowExecution"))
    failed = swf.last("ContinueAsNewWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_TYPE_DOES_NOT_EXIST"
    assert swf.describe()["executionInfo"]["workflowType"] == WORKFLOW
    swf.decide(swf.complete())
    assert swf.types()[-1] == "WorkflowExecutionCompleted"


def test_a_domain_takes_its_types_along_and_leaves_them_behind(
    swf: Any, clock: VirtualClock
) -> None:
    call(swf.client, "deprecate", "activity", ACTIVITY)
    before = call(swf.client, "describe", "activity", ACTIVITY)["typeInfo"]
    clock.advance(60)
    swf.client.deprecate_domain(name="videos")

    assert domains(swf.client, "REGISTERED") == []
    assert domains(swf.client, "DEPRECATED") == ["videos"]
    assert swf.client.describe_domain(name="videos")["domainInfo"]["status"] == "DEPRECATED"
    assert listed(swf.client, "workflow", "DEPRECATED") == [("Process", "1")]
    assert call(swf.client, "describe", "activity", ACTIVITY)["typeInfo"] == before

    swf.client.undeprecate_domain(name="videos")

    assert domains(swf.client, "REGISTERED") == ["videos"]
    assert domains(swf.client, "DEPRECATED") == []
    assert listed(swf.client, "workflow", "DEPRECATED") == [("Process", "1")]
    call(swf.client, "undeprecate", "workflow", WORKFLOW)
    swf.start()


def test_a_domain_changes_to_what_it_is_not(swf: Any) -> None:
    refused = swf.refusal("undeprecate_domain", name="videos")
    assert refused == ("DomainAlreadyExistsFault", "videos")
    swf.client.deprecate_domain(name="videos")
    again = {"name": "videos", "workflowExecutionRetentionPeriodInDays": "1"}
    assert swf.refusal("register_domain", **again) == ("DomainAlreadyExistsFault", "videos")
    for method in ("deprecate_domain", "undeprecate_domain"):
        refused = swf.refusal(method, name="nowhere")
        assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(("kind", "reference"), KINDS)
def test_types_are_listed_by_name_in_pages(
    client: Any, kind: str, reference: dict[str, str], size: int
) -> None:
    for domain in ("videos", "others"):
        client.register_domain(name=domain, workflowExecutionRetentionPeriodInDays="1")
    register = getattr(client, f"register_{kind}_type")
    for name, version in (("b", "2"), ("c", "1"), ("a", "1"), ("b", "1")):
        register(domain="videos", name=name, version=version)
    register(domain="others", **reference)

    everything = [("a", "1"), ("b", "1"), ("b", "2"), ("c", "1")]
    status = "REGISTERED"
    assert listed(client, kind, status, maximumPageSize=size) == everything
    backwards = listed(client, kind, status, maximumPageSize=size, reverseOrder=True)
    assert backwards == everything[::-1]
    named = listed(client, kind, status, maximumPageSize=size, name="b")
    assert named == [("b", "1"), ("b", "2")]
    assert listed(client, kind, status, name="nothing") == []


def test_types_of_a_domain_that_is_not_there(swf: Any) -> None:
    for kind in ("workflow", "activity"):
        refused = swf.refusal(
            f"list_{kind}_types", domain="nowhere", registrationStatus="REGISTERED"
        )
        assert refused == ("UnknownResourceFault", "Unknown domain: nowhere")


def test_a_restart_changes_nothing(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "swf.db"
    with Client(Service(path, clock)) as client:
        for domain in ("videos", "deprecated"):
            client.register_domain(name=domain, workflowExecutionRetentionPeriodInDays="1")
        client.deprecate_domain(name="deprecated")
        for version in ("1", "2", "3"):
            client.register_workflow_type(domain="videos", name="Process", version=version)
        for version in ("2", "3"):
            reference = {"name": "Process", "version": version}
            call(client, "deprecate", "workflow", reference)
        call(client, "delete", "workflow", reference)
        before = client.list_workflow_types(domain="videos", registrationStatus="DEPRECATED")
    clock.advance(60)
    with Client(Service(path, clock)) as client:
        after = client.list_workflow_types(domain="videos", registrationStatus="DEPRECATED")
        assert after == before
        assert listed(client, "workflow", "DEPRECATED") == [("Process", "2")]
        assert listed(client, "workflow", "REGISTERED") == [("Process", "1")]
        assert domains(client, "DEPRECATED") == ["deprecated"]
