"""Deciders and workers as real processes, on a real service over HTTP."""

import time
from pathlib import Path
from typing import Any

import pytest

from swflow import WorkflowFailed


@pytest.fixture
def running(shared_cluster: Any, tmp_path: Path) -> Any:
    shared_cluster.begin(tmp_path)
    return shared_cluster


def test_promises_as_arguments_and_activities_in_parallel(running: Any) -> None:
    assert running.run(running.films.assemble, running.film, 3) == "film-0+film-1+film-2"
    diary = running.diary()
    assert sorted(diary) == ["cut 0", "cut 1", "cut 2", "join"]
    assert diary[-1] == "join"


def test_one_activity_after_the_other(running: Any) -> None:
    assert running.run(running.films.chain, running.film, 3) == ["film-0", "film-1", "film-2"]
    assert running.diary() == ["cut 0", "cut 1", "cut 2"]


def test_every_line_about_a_task_says_which(running: Any) -> None:
    execution = running.start(running.films.chain, running.film, 1)
    execution.result()
    who = f"workflowId={execution.workflow_id} runId={execution.run_id}"
    _, worker = (process.log() for process in running.processes)
    assert f"[domain=films type=cut 1 {who} activityId=1 attempt=1 duration=" in worker


def test_a_failed_activity_is_tried_again(running: Any) -> None:
    assert running.run(running.films.flickering, running.film) == 3
    assert running.diary() == ["flicker 1", "flicker 2", "flicker 3"]


def test_retry_false_is_not_tried_again(running: Any) -> None:
    assert running.run(running.films.burning, running.film) == "the film is burnt {'frame': 7}"
    assert running.diary() == ["burn"]


def test_a_timed_out_activity_is_tried_again_with_more_time_and_the_stale_one_stopped(
    running: Any,
) -> None:
    execution = running.start(running.films.winding, running.film)
    assert execution.result() == 2
    running.await_diary("stopped winding")
    given = [
        event["activityTaskScheduledEventAttributes"]["startToCloseTimeout"]
        for event in execution.history()
        if event["eventType"] == "ActivityTaskScheduled"
    ]
    assert given == ["1", "30"]


def test_heartbeats_keep_a_long_activity_alive(running: Any) -> None:
    until = running.folder / "until"
    execution = running.start(running.films.encoding, running.film, until)
    running.await_diary("encode 1")
    time.sleep(4)  # twice the heartbeat timeout
    until.touch()
    assert execution.result() == 1


def test_an_activity_that_hangs_times_out_with_its_last_words(running: Any) -> None:
    assert running.run(running.films.hanging, running.film) == "HEARTBEAT last words"


def test_a_process_that_crashes_is_replaced_and_its_task_tried_again(running: Any) -> None:
    execution = running.start(running.films.crashing, running.film)
    assert execution.result() == 2
    assert running.diary() == ["crash 1", "crash 2"]
    (failed,) = (e for e in execution.history() if e["eventType"] == "ActivityTaskFailed")
    reason = failed["activityTaskFailedEventAttributes"]["reason"]
    assert reason == "the worker's process was killed by signal 9 (Killed)"


def test_a_timer_fires(running: Any) -> None:
    assert running.run(running.films.sleeping) == "awake"


def test_a_workflow_that_fails(running: Any) -> None:
    with pytest.raises(WorkflowFailed) as caught:
        running.run(running.films.failing)
    error = caught.value
    assert (error.reason, error.details, error.retry) == ("no film", {"shelf": 3}, False)
