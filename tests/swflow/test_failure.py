"""A failure travels as a reason and details that say whether trying again can help."""

import json
from typing import Any

import pytest

from swflow import ActivityFailed, ActivityTimedOut, Failure, SerializationError
from swflow.values.failure import Report


def raised(error: Exception) -> Report:
    def fail() -> None:
        raise error

    try:
        fail()
    except Exception as caught:  # noqa: BLE001 - any of them
        return Report.of(caught)
    raise AssertionError


def test_a_failure_speaks_for_itself() -> None:
    wire = raised(Failure("no video stream", {"streams": 1}, retry=False)).wire()
    assert wire["reason"] == "no video stream"
    assert json.loads(wire["details"]) == {"retry": False, "details": {"streams": 1}}


def test_any_other_exception_may_be_tried_again_and_carries_its_type_and_traceback() -> None:
    report = raised(KeyError("codec"))
    assert report.reason == "KeyError: 'codec'"
    assert report.retry is True
    assert report.details["type"] == "KeyError"
    assert "test_failure.py" in report.details["traceback"]


def test_a_value_that_does_not_fit_is_not_tried_again() -> None:
    assert raised(SerializationError("too long")).retry is False


@pytest.mark.parametrize("retry", [True, False])
def test_a_failed_activity_passes_on_what_it_said_about_trying_again(retry: bool) -> None:
    report = raised(ActivityFailed("no disk", {"free": 0}, retry=retry, activity="Store"))
    assert (report.reason, report.details) == ("Store failed: no disk", {"free": 0})
    assert report.retry is retry


def test_a_timed_out_activity_may_be_tried_again() -> None:
    report = raised(ActivityTimedOut("HEARTBEAT", {"frame": 3}, activity="Encode"))
    assert report == Report("Encode timed out (HEARTBEAT)", {"frame": 3}, retry=True)


def test_a_group_of_exceptions_says_what_each_of_them_says() -> None:
    group = ExceptionGroup("in tasks", [Failure("no disk"), Failure("no film", 7, retry=False)])
    assert raised(group) == Report("no disk; no film", [None, 7], retry=False)


def test_a_long_reason_is_cut_and_a_long_traceback_keeps_its_end() -> None:
    def deep(level: int) -> None:
        if level:
            deep(level - 1)
        raise ValueError("x" * 40_000 + "the cause")

    try:
        deep(50)
    except ValueError as error:
        wire = Report.of(error).wire()
    assert len(wire["reason"]) == 256
    assert len(wire["details"]) < 7_000
    assert "the cause" in wire["details"]


@pytest.mark.parametrize("details", [object(), "x" * 40_000])
def test_details_that_cannot_travel_do_not_stop_the_failure(details: object) -> None:
    wire = Report("no disk", details, retry=False).wire()
    assert wire["reason"] == "no disk"
    assert json.loads(wire["details"])["retry"] is False


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, Report("oops", None, retry=True)),
        ('{"retry": false}', Report("oops", None, retry=False)),
        ('{"retry": true, "details": [1]}', Report("oops", [1], retry=True)),
        ('{"retry": "yes"}', Report("oops", {"retry": "yes"}, retry=False)),
        ('{"code": 7}', Report("oops", {"code": 7}, retry=False)),
        ("[]", Report("oops", [], retry=False)),
        ("no json", Report("oops", "no json", retry=False)),
    ],
)
def test_reading_what_others_sent(details: Any, expected: Report) -> None:
    assert Report.read("oops", details) == expected


def test_what_is_sent_is_what_is_read() -> None:
    sent = Report("no disk", {"free": 0}, retry=False)
    assert Report.read(**sent.wire()) == sent
