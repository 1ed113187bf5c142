"""Activities in threads and on an event loop: many at once, cancelled, interrupted, logged."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from swflow import Client, Worker, activity

EVERYTHING: tuple[str, ...] = ("--log-json",)


@pytest.fixture(scope="module")
def lab_cluster(
    make_cluster: Any, lab: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    with make_cluster(tmp_path_factory.mktemp("lab")) as cluster:
        cluster.register(lab)
        cluster.decider(program="lab")
        cluster.worker("lab", more=EVERYTHING)
        yield cluster


@pytest.fixture
def running(lab_cluster: Any, tmp_path: Path) -> Any:
    lab_cluster.begin(tmp_path)
    return lab_cluster


def kinds(execution: Any) -> list[str]:
    return [event["eventType"] for event in execution.history()]


def said(process: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("name", "thread"),
    [("developing", "MainThread"), ("rinsing", "activities"), ("washing", "sink")],
    ids=["coroutines", "functions beside coroutines", "functions alone"],
)
def test_many_tasks_run_at_once_in_one_process(
    running: Any, lab: ModuleType, name: str, thread: str
) -> None:
    ran = running.run(getattr(lab, name), running.film, 12)
    processes, threads = zip(*ran, strict=True)
    assert len(set(processes)) == 1
    assert all(each.startswith(thread) for each in threads)


def test_one_worker_serves_lists_of_every_pool_and_says_so(running: Any, lab: ModuleType) -> None:
    alone = running.run(lab.loading, running.film)
    (together, _), *_ = running.run(lab.developing, running.film, 1)
    assert alone != together
    messages = [line["message"] for line in said(running.processes[1])]
    served = next(each for each in messages if each.startswith("serving"))
    assert "develop 1, rinse 1, wash 1, load 1" in served
    assert any(each.endswith("on task list darkroom (in 1 process)") for each in messages)
    assert any(
        each.endswith("on task list lab, sink (up to 20 tasks at once in one process)")
        for each in messages
    )


@pytest.mark.parametrize(
    ("name", "cleaned_up"), [("expose", "close the shutter"), ("agitate", "put the tank down")]
)
def test_a_cancelled_activity_cleans_up_and_says_that_it_was_cancelled(
    running: Any, lab: ModuleType, name: str, cleaned_up: str
) -> None:
    execution = running.start(lab.interrupting, name, running.film, running.folder / "never")
    running.await_diary(name)
    execution.signal(lab.done)
    running.wait_for(lambda: "ActivityTaskCanceled" in kinds(execution), "the cancellation")
    assert running.diary() == [f"{name} 1", cleaned_up]
    execution.signal(lab.done)
    execution.result()


def test_an_activity_that_does_not_mind_completes(running: Any, lab: ModuleType) -> None:
    until = running.folder / "until"
    execution = running.start(lab.interrupting, "insist", running.film, until)
    running.await_diary("insist")
    execution.signal(lab.done)
    running.await_diary("heard it")
    until.touch()
    running.wait_for(lambda: "ActivityTaskCompleted" in kinds(execution), "the completion")
    execution.signal(lab.done)
    execution.result()


def test_a_coroutine_that_exits_fails_alone(running: Any, lab: ModuleType) -> None:
    assert running.run(lab.leaving, running.film) == "SystemExit: 3"


def test_what_an_activity_logs_by_itself_says_which_task_it_is_about(
    running: Any, lab: ModuleType
) -> None:
    execution = running.start(lab.remarking)
    execution.result()
    line = next(line for line in said(running.processes[1]) if line["logger"] == "a.library")
    assert line["message"] == "the bath is cold"
    assert line["duration"] >= 0
    about = {
        "domain": "films",
        "workflowId": execution.workflow_id,
        "runId": execution.run_id,
        "activityId": "1",
        "attempt": 1,
        "type": "remark 1",
    }
    assert about.items() <= line.items()


def test_a_type_that_is_not_registered_is_named_at_the_start(running: Any, lab: ModuleType) -> None:
    del lab
    worker = running.worker("unregistered", more=("--task-list=nowhere",))
    running.wait_for(lambda: "serving" in worker.log(), "the start")
    assert "never 1 is not registered in domain 'films'" in worker.log()
    worker.terminate()
    assert worker.wait() == 0


def test_only_coroutines_are_for_asyncio() -> None:
    with pytest.raises(ValueError, match="only `async def` has pool='asyncio'"):

        @activity(version="1", task_list="lab", pool="asyncio")
        def fix() -> None: ...


def test_a_worker_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Worker(Client("films"), [], task_lists="lab", concurrency=0)


@pytest.mark.slow
class TestStopping:
    @pytest.fixture
    def cluster(self, cluster: Any, lab: ModuleType) -> Any:
        cluster.register(lab)
        cluster.decider(program="lab")
        return cluster

    @pytest.mark.parametrize("name", ["exposing", "agitating"])
    def test_the_work_in_hand_is_finished(self, cluster: Any, lab: ModuleType, name: str) -> None:
        until = cluster.folder / "until"
        worker = cluster.worker("lab", more=())
        execution = cluster.start(getattr(lab, name), cluster.film, until)
        cluster.wait_for(cluster.diary, "the beginning")
        worker.terminate()
        until.touch()
        assert worker.wait() == 0, worker.log()
        assert execution.result() == 1

    @pytest.mark.parametrize("name", ["exposing", "agitating"])
    def test_a_second_signal_interrupts_it_and_another_worker_does_it(
        self, cluster: Any, lab: ModuleType, name: str
    ) -> None:
        until = cluster.folder / "until"
        worker = cluster.worker("lab", grace=300, more=())
        execution = cluster.start(getattr(lab, name), cluster.film, until)
        cluster.wait_for(cluster.diary, "the beginning")
        worker.terminate()
        cluster.wait_for(lambda: "stopping" in worker.log(), "the first signal")
        worker.terminate()
        assert worker.wait() == 0, worker.log()
        assert cluster.diary()[1] in ("close the shutter", "put the tank down")
        until.touch()
        cluster.worker("lab", more=())
        assert execution.result() == 2
        assert kinds(execution).count("ActivityTaskFailed") == 1

    def test_a_thread_that_hears_of_nothing_is_handed_back_all_the_same(
        self, cluster: Any, lab: ModuleType
    ) -> None:
        worker = cluster.worker("lab", grace=1, more=())
        execution = cluster.start(lab.soaking, cluster.film)
        cluster.await_diary("soak 1")
        worker.terminate()
        worker.wait()
        cluster.worker("lab", more=())
        assert execution.result() == 2
