"""What workflows can do, by deciders and workers as real processes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from swflow import UnknownExecution, WorkflowCancelled


@pytest.fixture
def running(shared_cluster: Any, tmp_path: Path) -> Any:
    shared_cluster.begin(tmp_path)
    return shared_cluster


def test_a_signal_from_outside(running: Any) -> None:
    execution = running.start(running.films.reviewing)
    running.wait_for(execution.published, "what is published")
    assert execution.published() == {"waits for": "approval"}
    execution.signal(running.films.approved, "ada")
    assert execution.result() == "ada"
    assert execution.published() == {"approved by": "ada"}
    with pytest.raises(UnknownExecution, match="is not open"):
        execution.signal(running.films.approved, "ada")


def test_a_signal_from_another_workflow(running: Any) -> None:
    execution = running.start(running.films.reviewing)
    other = running.start(running.films.recommending, execution.workflow_id)
    assert execution.result() == other.workflow_id


def test_children_in_parallel(running: Any) -> None:
    assert running.run(running.films.series, running.film, 2) == [
        ["film-0"],
        ["film-0", "film-1"],
    ]


def test_the_result_is_that_of_the_last_of_the_continued_executions(running: Any) -> None:
    execution = running.start(running.films.remaking, running.film, 2)
    assert execution.result(timedelta(seconds=60)) == "remade"
    assert execution.status() == "CONTINUED_AS_NEW"
    assert running.diary() == ["cut 2", "cut 1", "cut 0"]


def test_a_cancelled_execution_stops_its_activity_and_undoes_what_was_done(running: Any) -> None:
    never = running.folder / "never"
    execution = running.start(running.films.withdrawing, running.film, never)
    running.await_diary("encode 1")
    execution.cancel()
    with pytest.raises(WorkflowCancelled):
        execution.result()
    running.await_diary("put encoder 1 away")
    assert "join" in running.diary()
    assert execution.status() == "CANCELED"


def test_a_child_that_takes_too_long_is_cancelled(running: Any) -> None:
    never = running.folder / "never"
    execution = running.start(running.films.hurrying, running.film, never)
    assert execution.result(timedelta(seconds=60)) == "gave up"
    child = running.client.execution(f"{execution.workflow_id} withdrawn")
    running.wait_for(lambda: child.status() == "CANCELED", "the child's end")
    running.await_diary("put encoder 1 away")
    assert "join" in running.diary()


def test_a_def_workflow(running: Any) -> None:
    assert running.run(running.films.splicing, running.film) == "film-0+film-1"


def test_what_is_recorded_is_found_out_once(running: Any) -> None:
    result = running.run(running.films.looking, running.film)
    assert running.diary() == ["look", "cut 1", "cut 2"]
    assert len(set(result)) == 3


def test_a_decider_warns_of_code_that_cannot_be_replayed(running: Any) -> None:
    running.run(running.films.looking, running.film)
    log = running.processes[0].log()
    assert "films.py" in log
    assert "time.time() in a workflow's code does not replay the same; use swflow.now()" in log
