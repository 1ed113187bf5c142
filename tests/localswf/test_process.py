"""The server as a process: started, killed, started again."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself."""
    command = [sys.executable, "-m", "localswf", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))


def test_what_was_acknowledged_survives_sigkill(swf_server: Any, http_swf: Any) -> None:
    http_swf.start(executionStartToCloseTimeout="600")
    http_swf.decide(
        http_swf.schedule("started", heartbeatTimeout="60"),
        http_swf.schedule("waiting"),
        http_swf.start_timer("t", 600),
        executionContext="context",
    )
    task = http_swf.poll_activity()
    client = http_swf.client
    client.record_activity_task_heartbeat(taskToken=task["taskToken"], details="half")
    client.signal_workflow_execution(domain="videos", workflowId="video", signalName="s")
    described, history = http_swf.describe(), http_swf.history()

    swf_server.kill()
    swf_server.restart()

    after = http_swf.describe()
    for answer in (described, after):
        del answer["ResponseMetadata"]
    assert after == described
    assert http_swf.history() == history
    assert http_swf.poll_activity()["activityId"] == "waiting"
    client.respond_activity_task_completed(taskToken=task["taskToken"], result="done")
    http_swf.decide(http_swf.complete())
    assert http_swf.types()[-5:] == [
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "WorkflowExecutionCompleted",
    ]


def test_a_decision_task_can_be_answered_after_sigkill(swf_server: Any, http_swf: Any) -> None:
    http_swf.start()
    task = http_swf.poll_decision()

    swf_server.kill()
    swf_server.restart()

    http_swf.answer(task, http_swf.complete())
    assert http_swf.types()[-1] == "WorkflowExecutionCompleted"


def test_what_came_due_while_the_server_was_down_happens_at_its_start(
    swf_server: Any, http_swf: Any
) -> None:
    http_swf.start()
    http_swf.decide(http_swf.start_timer("t", 1))
    swf_server.kill()
    time.sleep(1.2)

    swf_server.restart()

    assert http_swf.types()[-2:] == ["TimerFired", "DecisionTaskScheduled"]


def test_starts_under_sigkill_are_kept_if_acknowledged(swf_server: Any, http_swf: Any) -> None:
    """Killed amid requests: every acknowledged start is there, and every history is whole."""
    acknowledged: dict[str, str] = {}
    errors = http_swf.client.exceptions.ClientError

    def start(number: int) -> None:
        for count in range(1000):
            workflow_id = f"video-{number}-{count}"
            try:
                run = http_swf.client.start_workflow_execution(
                    domain="videos",
                    workflowId=workflow_id,
                    workflowType={"name": "Process", "version": "1"},
                )
            except Exception:  # noqa: BLE001 - however a killed server shows
                return
            acknowledged[workflow_id] = run["runId"]

    threads = [threading.Thread(target=start, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 30:
        time.sleep(0.01)
    swf_server.kill()
    for thread in threads:
        thread.join()
    swf_server.restart()

    http_swf.runs.update(acknowledged)
    for workflow_id in acknowledged:
        assert http_swf.types(workflow_id) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
        with pytest.raises(errors, match="Already Started"):
            http_swf.start(workflow_id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_graceful_stop_answers_waiting_polls(
    swf_server: Any, http_swf: Any, boto: Any, number: signal.Signals
) -> None:
    answers: list[dict[str, Any]] = []
    client = boto()

    def poll() -> None:
        answers.append(client.poll_for_activity_task(domain="videos", taskList={"name": "workers"}))

    waiting = threading.Thread(target=poll)
    waiting.start()
    time.sleep(0.2)

    assert swf_server.signal(number) == 0
    waiting.join(20)

    assert "taskToken" not in answers[0]
    swf_server.restart()
    assert http_swf.client.describe_domain(name="videos")


def test_a_second_server_on_the_file_is_refused(swf_server: Any) -> None:
    second = serve("--data", str(swf_server.data), "--port", "0")
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        f"{swf_server.data} is in use by another server; stop that one or name another file.\n"
    )


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("eggs, flour, milk\n" * 100)
    refused = serve("--data", str(path), "--port", "0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert path.read_text().startswith("eggs")


def test_a_history_with_a_hole_is_refused(swf_server: Any, http_swf: Any) -> None:
    http_swf.start()
    http_swf.decide(http_swf.schedule("resize"))
    swf_server.stop()
    connection = sqlite3.connect(swf_server.data)
    connection.execute("DELETE FROM events WHERE last_id = 3")
    connection.commit()
    connection.close()

    refused = serve("--data", str(swf_server.data), "--port", "0")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "The data file is damaged (the history of execution number 1 before event 5 has changed); "
        "restore it from a copy.\n"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "one of the arguments --data --ephemeral is required"),
        (("--data", "swf.db", "--ephemeral"), "--ephemeral: not allowed with argument --data"),
    ],
)
def test_data_are_either_in_a_file_or_ephemeral(options: tuple[str, ...], complaint: str) -> None:
    refused = serve("--port", "0", *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert complaint in refused.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    refused = serve("--data", str(tmp_path / "swf.db"), f"--port={port}")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "argument --port" in refused.stderr


def test_other_machines_are_not_served_without_access_keys(tmp_path: Path) -> None:
    refused = serve("--data", str(tmp_path / "swf.db"), "--host", "0.0.0.0")  # noqa: S104 - refused
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "--host 0.0.0.0 is no loopback address: other machines are served only with access keys, "
        "so name a file of them by --credentials.\n"
    )


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = serve("--data", str(tmp_path / "swf.db"), "--port", port)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr


def test_the_log_is_json(swf_server: Any) -> None:
    swf_server.stop()
    lines = [json.loads(line) for line in swf_server.log.read_text().splitlines()]
    assert [line["level"] for line in lines] == ["info", "info"]
    assert lines[0]["message"].startswith(f"Serving {swf_server.data}")
