"""examples/promises, run as its README says, with S3 over HTTP."""

import json
from collections.abc import Iterator
from statistics import mean
from typing import Any

import boto3
import pytest

from swflow import Payloads, S3Store
from swflow.execution.travelling import open_events
from tests.swflow.stores import BUCKET, s3_server

pytestmark = pytest.mark.slow


@pytest.fixture
def s3() -> Iterator[str]:
    with s3_server() as endpoint_url:
        yield endpoint_url


def test_without_a_service(example: Any) -> None:
    total = example("promises").run('python -c "import sums; print(sums.total(5, 10))"')
    assert total == "30\n"


def test_promises_are_waited_for_where_they_are_used(example: Any, client: Any) -> None:
    sums = example("promises")
    sums.run("swflow register sums --retention 1")
    sums.start("swflow decider sums")
    sums.start("swflow worker sums")

    assert sums.run("swflow start sums:total 5 10 --workflow-id total --wait") == "30\n"

    history = client(sums.domain).execution("total").history()
    kinds = [event["eventType"] for event in history]
    # Both were asked for by the first decision.
    assert kinds[4:6] == ["ActivityTaskScheduled"] * 2


def test_what_is_found_out_once_is_found_out_once_and_what_is_long_is_in_s3(
    example: Any, client: Any, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {
        "AWS_ENDPOINT_URL_S3": s3,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    sums = example("promises", BUCKET=BUCKET)
    sums.run("swflow register sums --retention 1")
    sums.start("swflow decider sums --cache 0")
    sums.start("swflow worker sums")

    observe = "swflow start sums:observe 3 '\"PT2S\"' --workflow-id observed --wait"
    means = json.loads(sums.run(observe))

    domain = client(sums.domain, payloads=Payloads(store=S3Store(BUCKET)))
    history = domain.execution("observed").history()
    assert sum(event["eventType"] == "TimerFired" for event in history) == 3
    recorded = [
        json.loads(json.loads(event["markerRecordedEventAttributes"]["details"])["result"])
        for event in open_events(domain.connection.sealer, history)
        if event["eventType"] == "MarkerRecorded"
    ]
    assert len({tuple(each) for each in recorded}) == 3
    assert means == [mean(each) for each in recorded]
    stored = boto3.client("s3", endpoint_url=s3).list_objects_v2(Bucket=BUCKET)["KeyCount"]
    assert stored == 6  # each measurement as what was recorded, and as an argument
