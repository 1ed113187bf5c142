"""A program that does not fit says so, and does no harm."""

import json
from typing import Any

import pytest


def parked(execution: Any) -> list[str]:
    return [
        json.loads(event["markerRecordedEventAttributes"]["details"])["problem"]
        for event in execution.history()
        if event["eventType"] == "MarkerRecorded"
    ]


def test_changed_code_sets_an_open_execution_aside_and_the_right_code_goes_on(
    cluster: Any,
) -> None:
    until = cluster.folder / "until"
    right = cluster.decider()
    cluster.worker()
    execution = cluster.start(cluster.films.encoding, cluster.film, until)
    cluster.await_diary("encode 1")
    right.kill()
    wrong = cluster.decider(program="films_changed")
    until.touch()
    cluster.wait_for(lambda: parked(execution), "the marker")
    (problem,) = parked(execution)
    assert "NonDeterminismError: code and history differ at event 5" in problem
    assert "the history has ScheduleActivityTask encode (1)" in problem
    assert "the code makes ScheduleActivityTask cut (1)" in problem
    assert "set aside" in wrong.log()
    assert execution.describe()["executionInfo"]["executionStatus"] == "OPEN"
    wrong.kill()
    cluster.decider()
    signal(cluster, execution)
    assert execution.result() == 1


def test_a_workflow_type_that_is_not_served_is_set_aside(cluster: Any) -> None:
    wrong = cluster.decider(program="films_changed")
    execution = cluster.start(cluster.films.sleeping)
    cluster.wait_for(lambda: parked(execution), "the marker")
    (problem,) = parked(execution)
    assert "Sleep 1 is not served here; this decider serves Chain 1, Encode 1" in problem
    wrong.terminate()
    assert wrong.wait() == 0
    cluster.decider()
    signal(cluster, execution)
    assert execution.result() == "awake"


def test_an_activity_type_that_is_not_served_fails_and_says_what_is(cluster: Any) -> None:
    cluster.decider()
    worker = cluster.worker("films_changed")
    result = cluster.run(cluster.films.burning, cluster.film)
    assert "burn 1 is not served here; served are: cut 1" in result
    assert "burn 1 is not served here" in worker.log()


@pytest.mark.parametrize("command", ["decider", "worker"])
def test_without_its_domain_a_process_says_so_and_ends(cluster: Any, command: str) -> None:
    process = getattr(cluster, command)(domain="cinema")
    assert process.wait() == 2
    assert "swflow: domain 'cinema' at" in process.log()
    assert "does not exist" in process.log()


def signal(cluster: Any, execution: Any) -> None:
    """Give the decider a reason to look at the execution again."""
    cluster.client.connection.swf.signal_workflow_execution(
        domain="films", workflowId=execution.workflow_id, signalName="go on"
    )
