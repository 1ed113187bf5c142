"""Tasks that a person or another system completes, by their tokens."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from swflow import (
    ActivityTask,
    Failure,
    SerializationError,
    SwflowError,
    TaskNotOpen,
    WorkflowFailed,
)


@pytest.fixture(scope="module")
def lab_cluster(
    make_cluster: Any, lab: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    with make_cluster(tmp_path_factory.mktemp("later")) as cluster:
        cluster.register(lab)
        cluster.decider(program="lab")
        cluster.worker("lab", more=())
        yield cluster


@pytest.fixture
def running(lab_cluster: Any, tmp_path: Path) -> Any:
    lab_cluster.begin(tmp_path)
    return lab_cluster


def asked(running: Any, lab: ModuleType) -> ActivityTask[Any]:
    """The task, as soon as its activity has run and left it to us."""
    path = running.folder / "token"
    running.wait_for(path.exists, "the token")
    found: ActivityTask[Any] = running.client.task(path.read_text(), lab.approve)
    return found


def begin(running: Any, lab: ModuleType, heartbeat_seconds: int | None = None) -> Any:
    return running.start(lab.approving, running.folder / "token", heartbeat_seconds)


def test_somebody_else_completes_it(running: Any, lab: ModuleType) -> None:
    execution = begin(running, lab)
    asked(running, lab).complete(lab.Approval("ada"))
    assert execution.result() == "ada"


def test_another_system_completes_it_with_plain_json(running: Any, lab: ModuleType) -> None:
    execution = begin(running, lab)
    asked(running, lab)
    token = (running.folder / "token").read_text()
    running.client.task(token).complete({"by": "a form"})
    assert execution.result() == "a form"


def test_a_result_of_the_wrong_type_is_refused_and_the_task_stays_open(
    running: Any, lab: ModuleType
) -> None:
    execution = begin(running, lab)
    task = asked(running, lab)
    with pytest.raises(SerializationError, match="approve: the result"):
        task.complete("yes")
    task.complete(lab.Approval("ada"))
    assert execution.result() == "ada"


def test_it_fails_as_an_activity_does(running: Any, lab: ModuleType) -> None:
    execution = begin(running, lab)
    asked(running, lab).fail(Failure("not like this", {"page": 3}, retry=False))
    with pytest.raises(WorkflowFailed, match="not like this") as caught:
        execution.result()
    assert caught.value.details == {"page": 3}


def test_what_is_answered_is_not_open_any_more(running: Any, lab: ModuleType) -> None:
    execution = begin(running, lab)
    task = asked(running, lab)
    task.complete(lab.Approval("ada"))
    execution.result()
    for late in (task.heartbeat, lambda: task.complete(lab.Approval("bob"))):
        with pytest.raises(TaskNotOpen, match="answered before"):
            late()


def test_a_holder_hears_of_a_cancellation_from_its_heartbeat(running: Any, lab: ModuleType) -> None:
    execution = running.start(lab.withdrawing, running.folder / "token")
    task = asked(running, lab)
    assert task.heartbeat({"seen": True}) is False
    execution.signal(lab.done)
    running.wait_for(task.heartbeat, "the cancellation")
    task.cancel()
    execution.signal(lab.done)
    execution.result()
    assert "ActivityTaskCanceled" in [event["eventType"] for event in execution.history()]


def test_with_a_heartbeat_timeout_its_holder_has_to_beat(running: Any, lab: ModuleType) -> None:
    execution = begin(running, lab, heartbeat_seconds=1)
    task = asked(running, lab)
    task.heartbeat("reading it")
    with pytest.raises(WorkflowFailed, match="timed out"):
        execution.result()
    with pytest.raises(TaskNotOpen):
        task.heartbeat()


def test_a_token_that_is_none(running: Any) -> None:
    with pytest.raises(SwflowError, match="this is no activity task's token"):
        running.client.task("made up").heartbeat()
