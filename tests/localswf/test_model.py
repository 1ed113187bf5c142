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
