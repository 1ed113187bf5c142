"""Any process may die at any moment, and the work is done all the same."""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from swflow import replay

pytestmark = pytest.mark.slow


def kinds(execution: Any) -> list[str]:
    return [event["eventType"] for event in execution.history()]


def test_a_decider_is_killed_and_another_goes_on(cluster: Any) -> None:
    first = cluster.decider()
    until = cluster.folder / "until"
    cluster.worker()
    execution = cluster.start(cluster.films.encoding, cluster.film, until)
    cluster.await_diary("encode 1")
    first.kill()
    until.touch()
    cluster.decider()
    assert execution.result() == 1
    assert cluster.diary().count("encoded 1") == 1


def test_a_worker_is_killed_and_the_activity_is_done_once_by_another(cluster: Any) -> None:
    until = cluster.folder / "until"
    cluster.decider()
    worker = cluster.worker()
    execution = cluster.start(cluster.films.encoding, cluster.film, until)
    cluster.await_diary("encode 1")
    worker.kill()
    until.touch()
    cluster.worker()
    assert execution.result() == 2
    assert [line for line in cluster.diary() if line.startswith("encoded")] == ["encoded 2"]
    assert "ActivityTaskTimedOut" in kinds(execution)


def test_only_the_worker_itself_is_killed_and_its_child_finishes_what_it_has(
    cluster: Any,
) -> None:
    until = cluster.folder / "until"
    cluster.decider()
    worker = cluster.worker()
    execution = cluster.start(cluster.films.encoding, cluster.film, until)
    cluster.await_diary("encode 1")
    worker.popen.kill()
    worker.popen.wait(timeout=30)
    until.touch()
    assert execution.result() == 1
    cluster.wait_for(lambda: not alive_in_group(worker.popen.pid), "the child's end")


def alive_in_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_service_is_killed_and_started_again_under_both(cluster: Any) -> None:
    until = cluster.folder / "until"
    cluster.decider()
    cluster.worker()
    execution = cluster.start(cluster.films.encoding_patiently, cluster.film, until)
    cluster.await_diary("encode 1")
    cluster.server.kill()
    until.touch()  # the activity ends while there is nobody to tell
    cluster.await_diary("encoded 1")
    cluster.server.restart()
    assert execution.result() == 1
    assert cluster.diary().count("encoded 1") == 1


def test_a_service_that_is_away_for_long_does_not_end_a_process(cluster: Any) -> None:
    decider, worker = cluster.decider(), cluster.worker(processes=2)
    assert cluster.run(cluster.films.sleeping) == "awake"
    cluster.server.kill()
    time.sleep(20)
    assert (decider.popen.poll(), worker.popen.poll()) == (None, None)
    assert "trying again in" in worker.log()
    cluster.server.restart()
    assert cluster.run(cluster.films.chain, cluster.film, 1) == ["film-0"]


def test_a_service_that_throttles_is_asked_again(cluster: Any) -> None:
    throttled = ("PollForActivityTask", "PollForDecisionTask", "RespondActivityTaskCompleted")
    refusing = [f"--refuse={operation}=ThrottlingException" for operation in throttled]
    cluster.server._options = tuple(refusing)
    cluster.server.restart()
    decider, worker = cluster.decider(), cluster.worker()
    execution = cluster.start(cluster.films.chain, cluster.film, 1)
    for process in (decider, worker):
        cluster.wait_for(lambda log=process.log: "Throttling" in log(), "the throttling")
    cluster.server._options = tuple(refusing[2:])
    cluster.server.restart()
    cluster.await_diary("cut 0")
    cluster.wait_for(lambda: "answering an activity task" in worker.log(), "a refused answer")
    (refused, *_) = [line for line in worker.log().splitlines() if "answering an" in line]
    assert f"workflowId={execution.workflow_id} runId={execution.run_id} activityId=1" in refused
    cluster.server._options = ()
    cluster.server.restart()
    assert execution.result() == ["film-0"]
    assert cluster.diary() == ["cut 0"]
    assert (decider.popen.poll(), worker.popen.poll()) == (None, None)


def test_a_worker_that_comes_too_late_is_told_so_and_its_result_dropped(cluster: Any) -> None:
    cluster.decider()
    stale = cluster.worker()
    execution = cluster.start(cluster.films.dozing, cluster.film)
    cluster.await_diary("doze 1")
    os.killpg(stale.popen.pid, signal.SIGSTOP)
    cluster.worker()
    assert execution.result() == 2
    os.killpg(stale.popen.pid, signal.SIGCONT)
    cluster.wait_for(lambda: "too late: the task is not open any more" in stale.log(), "its log")
    assert "dozed 1" in cluster.diary()
    assert kinds(execution).count("ActivityTaskCompleted") == 1


def test_a_service_that_is_away_for_good_does_not_hold_up_the_end(cluster: Any) -> None:
    decider, worker = cluster.decider(), cluster.worker()
    assert cluster.run(cluster.films.sleeping) == "awake"
    cluster.server.kill()
    for process in (decider, worker):
        process.terminate()
        assert process.wait() == 0


def test_everything_is_killed_again_and_again_and_every_execution_completes(
    cluster: Any,
) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    start: dict[str, Callable[[], Any]] = {
        "decider": cluster.decider,
        "worker": lambda: cluster.worker(processes=2),
    }
    running = [(kind, start[kind]()) for kind in ("decider", "decider", "worker", "worker")]
    executions = [cluster.start(cluster.films.trimming, cluster.film, 8) for _ in range(8)]

    for _ in range(8):
        time.sleep(chance.uniform(0.2, 1.2))
        if chance.random() < 0.3:
            cluster.server.kill()
            cluster.server.restart()
        else:
            kind, process = running.pop(chance.randrange(len(running)))
            process.kill()
            running.append((kind, start[kind]()))

    for execution in executions:
        assert execution.result(timedelta(seconds=90)) == list(range(8))
        history = execution.history()
        assert replay(cluster.films.trimming, history) == []
        ids = [
            event["activityTaskScheduledEventAttributes"]["activityId"]
            for event in history
            if event["eventType"] == "ActivityTaskScheduled"
        ]
        assert len(set(ids)) == len(ids)


class TestStopping:
    def test_idle_processes_end_at_once(self, cluster: Any) -> None:
        decider, worker = cluster.decider(), cluster.worker(processes=2)
        cluster.run(cluster.films.chain, cluster.film, 1)
        for process in (decider, worker):
            process.terminate()
            assert process.wait() == 0, process.log()

    @pytest.mark.parametrize("how", ["terminate", "interrupt_group"])
    def test_the_work_in_hand_is_finished(self, cluster: Any, how: str) -> None:
        until = cluster.folder / "until"
        cluster.decider()
        worker = cluster.worker()
        execution = cluster.start(cluster.films.encoding, cluster.film, until)
        cluster.await_diary("encode 1")
        getattr(worker, how)()
        until.touch()
        assert worker.wait() == 0, worker.log()
        assert execution.result() == 1

    def test_after_the_grace_time_the_work_is_interrupted_and_handed_back(
        self, cluster: Any
    ) -> None:
        until = cluster.folder / "until"
        cluster.decider()
        worker = cluster.worker(grace=1)
        execution = cluster.start(cluster.films.encoding, cluster.film, until)
        cluster.await_diary("encode 1")
        worker.terminate()
        assert worker.wait() == 0, worker.log()
        assert "put encoder 1 away" in cluster.diary()
        cluster.wait_for(
            lambda: kinds(execution).count("ActivityTaskScheduled") == 2, "another attempt"
        )
        (failed,) = [
            event["activityTaskFailedEventAttributes"]
            for event in execution.history()
            if event["eventType"] == "ActivityTaskFailed"
        ]
        assert failed["reason"] == "the worker was told to stop"
        assert '"retry":true' in failed["details"]

    def test_a_second_signal_ends_the_grace_time(self, cluster: Any) -> None:
        cluster.decider()
        worker = cluster.worker(grace=300)
        execution = cluster.start(cluster.films.encoding, cluster.film, cluster.folder / "never")
        cluster.await_diary("encode 1")
        worker.terminate()
        cluster.wait_for(execution.describe, "an answer")
        worker.popen.send_signal(signal.SIGINT)
        assert worker.wait() == 0, worker.log()
        assert "ActivityTaskFailed" in kinds(execution)

    def test_an_activity_that_does_not_listen_is_handed_back_all_the_same(
        self, cluster: Any
    ) -> None:
        cluster.decider()
        worker = cluster.worker(grace=1)
        execution = cluster.start(cluster.films.ignoring, cluster.film)
        cluster.await_diary("ignore 1")
        worker.terminate()
        worker.wait()
        cluster.worker()
        assert execution.result() == 2
