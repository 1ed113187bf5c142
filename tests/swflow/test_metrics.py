"""Numbers for Prometheus, as real deciders and workers serve them."""

import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from harness.ports import free_port


def numbers(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_deciders_and_workers_count_what_they_do(cluster: Any) -> None:
    deciders, workers = free_port(), free_port()
    cluster.decider(f"--metrics={deciders}")
    cluster.worker(more=("--task-list=films", f"--metrics={workers}"))
    assert len(cluster.run(cluster.films.chain, cluster.film, 3)) == 3
    assert cluster.run(cluster.films.burning, cluster.film) == "the film is burnt {'frame': 7}"

    cluster.wait_for(lambda: _of(deciders, "Chain 1", "kept") == 3, "the last decision")
    assert _of(deciders, "Chain 1", "full") == 1
    counted = numbers(deciders)
    poll = 'swflow_calls_total{operation="PollForDecisionTask",outcome="ok"}'
    assert counted[poll] >= 6
    assert counted["swflow_kept_executions"] == 0
    assert counted["swflow_evictions_total"] == 0

    counted = numbers(workers)  # of its children, too
    assert counted['swflow_activity_seconds_count{outcome="completed",type="cut 1"}'] == 3
    assert counted['swflow_activity_seconds_count{outcome="failed",type="burn 1"}'] == 1
    answers = 'swflow_calls_total{operation="RespondActivityTaskCompleted",outcome="ok"}'
    assert counted[answers] == 3


def _of(port: int, kind: str, replay: str) -> float:
    labels = f'outcome="decided",replay="{replay}",type="{kind}"'
    return numbers(port).get(f"swflow_decision_seconds_count{{{labels}}}", 0)


def test_calls_that_get_no_answer_are_counted(cluster: Any) -> None:
    port = free_port()
    process = cluster.decider(f"--metrics={port}")
    cluster.wait_for(lambda: "deciding for" in process.log(), "the decider")
    cluster.server.kill()
    name = 'swflow_lost_calls_total{error="ConnectionRefusedError"}'
    cluster.wait_for(lambda: numbers(port).get(name, 0) > 1, name)


def test_a_worker_has_no_second_thread_when_it_forks(cluster: Any) -> None:
    port = free_port()
    worker = cluster.worker(more=("--task-list=films", f"--metrics={port}"))
    cluster.wait_for(lambda: "serving" in worker.log(), "the start")
    assert len(list(Path(f"/proc/{worker.popen.pid}/task").iterdir())) == 1
    assert numbers(port) is not None
    worker.popen.kill()
    cluster.wait_for(lambda: _is_free(port), "the end of who serves the numbers")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("kind", ["decider", "worker"])
def test_a_port_that_is_taken_is_an_error_that_says_so(cluster: Any, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f"--metrics={port}"
        process = cluster.decider(more) if kind == "decider" else cluster.worker(more=(more,))
        assert process.wait() == 2
    assert f"swflow: metrics cannot be served on port {port}: " in process.log()
