"""Requests held against botocore's model, with the words of the service."""

from typing import Any

import pytest

from localswf.errors import SwfError
from localswf.model import operations

START = {"domain": "d", "workflowId": "w", "workflowType": {"name": "n", "version": "v"}}


def refusal(operation: str, request: Any) -> SwfError:
    with pytest.raises(SwfError) as caught:
        operations()[operation].validate(request)
    return caught.value


def test_the_api_has_39_operations() -> None:
    assert len(operations()) == 39
    assert operations()["StartWorkflowExecution"].method == "start_workflow_execution"
    assert operations()["RegisterDomain"].void
    assert not operations()["PollForActivityTask"].void


LONG = "v" * 65


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"domain": None}, "null at 'domain'", "not be null"),
        ({"workflowType": {"name": "n"}}, "null at 'workflowType.version'", "not be null"),
        ({"workflowId": ""}, "'' at 'workflowId'", "have length greater than or equal to 1"),
        (
            {"workflowType": {"name": "n", "version": LONG}},
            f"'{LONG}' at 'workflowType.version'",
            "have length less than or equal to 64",
        ),
        (
            {"childPolicy": "KEEP"},
            "'KEEP' at 'childPolicy'",
            "satisfy enum value set: [TERMINATE, REQUEST_CANCEL, ABANDON]",
        ),
        (
            {"tagList": list("abcdef")},
            "'[a, b, c, d, e, f]' at 'tagList'",
            "have length less than or equal to 5",
        ),
        ({"tagList": [None]}, "null at 'tagList.1.member'", "not be null"),
        (
            {"taskStartToCloseTimeout": "1.5"},
            "'1.5' at 'taskStartToCloseTimeout'",
            "satisfy regular expression pattern: NONE|[0-9]+|",
        ),
    ],
)
def test_a_member_that_breaks_a_limit(changes: dict[str, Any], member: str, rule: str) -> None:
    problem = f"Value {member} failed to satisfy constraint: Member must {rule}"
    assert refusal("StartWorkflowExecution", {**START, **changes}).body() == {
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": f"1 validation error detected: {problem}",
    }


@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\nb", "a\x7fb", "arn", "\ud800"])
def test_a_name_that_swf_forbids(name: str) -> None:
    error = refusal("StartWorkflowExecution", {**START, "workflowId": name})
    assert "Member must satisfy regular expression pattern" in str(error.message)


def test_a_tag_that_is_no_text() -> None:
    error = refusal("StartWorkflowExecution", {**START, "tagList": ["\ud800"]})
    assert "'tagList.1.member' failed to satisfy constraint" in str(error.message)


@pytest.mark.parametrize("name", ["arnold", "über alles", "a.b-c_d e", "\U0001f3a5"])
def test_a_name_that_swf_allows(name: str) -> None:
    operations()["StartWorkflowExecution"].validate({**START, "workflowId": name})


def test_all_problems_are_told_at_once() -> None:
    message = refusal("StartWorkflowExecution", {"workflowType": {}}).message
    assert str(message).startswith("4 validation errors detected: Value null at 'domain' failed")


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("DescribeDomain", [], "START_ARRAY can not be converted to Structure"),
        ("DescribeDomain", {"name": 5}, "NUMBER_VALUE can not be converted to String"),
        ("DescribeDomain", {"name": False}, "FALSE_VALUE can not be converted to String"),
        (
            "StartWorkflowExecution",
            {**START, "tagList": "a"},
            "STRING_VALUE can not be converted to List",
        ),
        (
            "ListDomains",
            {"registrationStatus": "REGISTERED", "maximumPageSize": True},
            "TRUE_VALUE can not be converted to Integer",
        ),
        (
            "ListDomains",
            {"registrationStatus": "REGISTERED", "reverseOrder": 1},
            "NUMBER_VALUE can not be converted to Boolean",
        ),
        *(
            (
                "ListOpenWorkflowExecutions",
                {"domain": "videos", "startTimeFilter": {"oldestDate": number}},
                "NUMBER_VALUE can not be converted to Timestamp",
            )
            for number in (float("inf"), float("nan"), 10**30, -(10**12))
        ),
    ],
)
def test_a_member_of_another_type(operation: str, request_: Any, message: str) -> None:
    error = refusal(operation, request_)
    assert (error.code, error.message) == ("SerializationException", message)


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        (-1, "Member must have value greater than or equal to 0"),
        (1001, "Member must have value less than or equal to 1000"),
    ],
)
def test_a_number_out_of_range(size: int, rule: str) -> None:
    request = {"registrationStatus": "REGISTERED", "maximumPageSize": size}
    message = str(refusal("ListDomains", request).message)
    assert message.endswith(
        f"Value '{size}' at 'maximumPageSize' failed to satisfy constraint: {rule}"
    )


def test_members_the_model_does_not_know_are_ignored() -> None:
    operations()["DescribeDomain"].validate({"name": "d", "colour": "red", "nothing": None})


@pytest.mark.parametrize("priority", ["", "0", "-2147483648", "2147483647"])
def test_a_priority_that_swf_takes(priority: str) -> None:
    operations()["StartWorkflowExecution"].validate({**START, "taskPriority": priority})


@pytest.mark.parametrize(
    ("priority", "rule"),
    [
        ("2147483648", "have value between -2147483648 and 2147483647"),
        ("-2147483649", "have value between -2147483648 and 2147483647"),
        ("high", "satisfy regular expression pattern: -?[0-9]{1,10}|"),
        ("9" * 5000, "satisfy regular expression pattern: -?[0-9]{1,10}|"),
    ],
)
def test_a_priority_that_swf_refuses(priority: str, rule: str) -> None:
    message = refusal("StartWorkflowExecution", {**START, "taskPriority": priority}).message
    assert str(message).endswith(f"failed to satisfy constraint: Member must {rule}")


@pytest.mark.parametrize("name", [" videos", "videos\t", "\u3000"])
def test_a_domain_has_no_space_at_its_ends(name: str) -> None:
    message = refusal("DescribeDomain", {"name": name}).message
    assert "Member must satisfy regular expression pattern" in str(message)


COMPLETED = {"taskToken": "t"}


@pytest.mark.parametrize(
    ("operation", "request_", "member", "most"),
    [
        ("StartWorkflowExecution", START, "input", 32_768),
        ("StartWorkflowExecution", START, "workflowId", 256),
        ("StartWorkflowExecution", START, "domain", 256),
        ("StartWorkflowExecution", START, "lambdaRole", 1_600),
        ("SignalWorkflowExecution", {**START, "signalName": "s"}, "signalName", 256),
        ("SignalWorkflowExecution", {**START, "signalName": "s"}, "input", 32_768),
        ("TerminateWorkflowExecution", START, "reason", 256),
        ("TerminateWorkflowExecution", START, "details", 32_768),
        ("RecordActivityTaskHeartbeat", COMPLETED, "details", 2_048),
        ("RecordActivityTaskHeartbeat", COMPLETED, "taskToken", 1_024),
        ("RespondActivityTaskCompleted", COMPLETED, "result", 32_768),
        ("RespondActivityTaskCanceled", COMPLETED, "details", 32_768),
        ("RespondActivityTaskFailed", COMPLETED, "reason", 256),
        ("RespondActivityTaskFailed", COMPLETED, "details", 32_768),
        ("RespondDecisionTaskCompleted", COMPLETED, "executionContext", 32_768),
        (
            "RegisterDomain",
            {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"},
            "description",
            1_024,
        ),
        ("RegisterActivityType", {"domain": "d", "name": "n", "version": "v"}, "version", 64),
        ("RegisterActivityType", {"domain": "d", "name": "n", "version": "v"}, "name", 256),
        ("PollForActivityTask", {"domain": "d", "taskList": {"name": "l"}}, "identity", 256),
        (
            "GetWorkflowExecutionHistory",
            {"domain": "d", "execution": {"workflowId": "w", "runId": "r"}},
            "nextPageToken",
            2_048,
        ),
    ],
)
def test_a_string_has_a_longest(
    operation: str, request_: dict[str, Any], member: str, most: int
) -> None:
    operations()[operation].validate({**request_, member: "x" * most})
    message = refusal(operation, {**request_, member: "x" * (most + 1)}).message
    assert str(message).startswith("1 validation error detected: Value 'x")
    rule = f"Member must have length less than or equal to {most}"
    assert str(message).endswith(f"' at '{member}' failed to satisfy constraint: {rule}")


def decided(kind: str, **attributes: Any) -> dict[str, Any]:
    name = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    return {"taskToken": "t", "decisions": [{"decisionType": kind, name: attributes}]}


@pytest.mark.parametrize(
    ("kind", "attributes", "member", "most"),
    [
        ("RecordMarker", {"markerName": "m"}, "details", 32_768),
        ("RecordMarker", {"markerName": "m"}, "markerName", 256),
        ("FailWorkflowExecution", {}, "reason", 256),
        ("CompleteWorkflowExecution", {}, "result", 32_768),
        ("StartTimer", {"timerId": "t", "startToFireTimeout": "1"}, "timerId", 256),
        ("StartTimer", {"timerId": "t", "startToFireTimeout": "1"}, "control", 32_768),
        ("ScheduleLambdaFunction", {"id": "i", "name": "n"}, "name", 64),
        ("ScheduleLambdaFunction", {"id": "i", "name": "n"}, "input", 32_768),
    ],
)
def test_a_decisions_string_has_a_longest(
    kind: str, attributes: dict[str, Any], member: str, most: int
) -> None:
    request = decided(kind, **{**attributes, member: "x" * most})
    operations()["RespondDecisionTaskCompleted"].validate(request)
    request = decided(kind, **{**attributes, member: "x" * (most + 1)})
    message = refusal("RespondDecisionTaskCompleted", request).message
    assert f".{member}' failed" in str(message)
    assert str(message).endswith(f"Member must have length less than or equal to {most}")


@pytest.mark.parametrize("duration", ["-1", "1.5", "1e3", "123456789", " 1", "\u0663"])
def test_a_duration_is_up_to_eight_digits(duration: str) -> None:
    request = decided("StartTimer", timerId="t", startToFireTimeout=duration)
    message = refusal("RespondDecisionTaskCompleted", request).message
    assert "startTimerDecisionAttributes.startToFireTimeout' failed" in str(message)


@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\nb", "arn"])
@pytest.mark.parametrize(
    ("kind", "attributes", "member"),
    [
        ("StartTimer", {"timerId": "t", "startToFireTimeout": "1"}, "timerId"),
        (
            "ScheduleActivityTask",
            {"activityId": "a", "activityType": {"name": "n", "version": "v"}},
            "activityId",
        ),
        (
            "StartChildWorkflowExecution",
            {"workflowId": "w", "workflowType": {"name": "n", "version": "v"}},
            "workflowId",
        ),
    ],
)
def test_an_id_that_swf_forbids(
    kind: str, attributes: dict[str, Any], member: str, name: str
) -> None:
    request = decided(kind, **{**attributes, member: name})
    message = refusal("RespondDecisionTaskCompleted", request).message
    assert "Member must satisfy regular expression pattern" in str(message)


def test_an_execution_has_five_tags_of_256_characters() -> None:
    most = ["x" * 256] * 5
    operations()["StartWorkflowExecution"].validate({**START, "tagList": most})
    message = refusal("StartWorkflowExecution", {**START, "tagList": ["x" * 257]}).message
    assert str(message).endswith("Member must have length less than or equal to 256")
