"""`localswf serve --ephemeral`: in memory, and begun anew by POST /reset."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def swf_server(open_swf_server: Any, tmp_path: Path) -> Iterator[Any]:
    with open_swf_server(tmp_path / "swf.db", "--ephemeral") as server:
        yield server


def post(url: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_serves_and_leaves_no_file_behind(
    swf_server: Any, http_swf: Any, tmp_path: Path
) -> None:
    http_swf.start()
    http_swf.decide(http_swf.complete())
    assert http_swf.types()[-1] == "WorkflowExecutionCompleted"
    assert swf_server.stop() == 0
    assert [path.name for path in tmp_path.iterdir()] == [swf_server.log.name]


def test_a_reset_forgets_everything(swf_server: Any, http_swf: Any) -> None:
    http_swf.start()
    assert post(f"{swf_server.endpoint_url}/reset") == (200, b"")
    assert http_swf.client.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []

    again = type(http_swf)(http_swf.client)

    again.start()
    assert again.poll_decision()["startedEventId"] == 3


def test_a_reset_answers_waiting_polls_with_no_task(
    swf_server: Any, http_swf: Any, boto: Any
) -> None:
    answers: list[dict[str, Any]] = []
    client = boto()

    def poll() -> None:
        answers.append(client.poll_for_activity_task(domain="videos", taskList={"name": "workers"}))

    waiting = threading.Thread(target=poll)
    waiting.start()
    http_swf.start()
    while 'waiting_pollers{kind="activity"} 1' not in metrics(swf_server):
        assert waiting.is_alive()

    post(f"{swf_server.endpoint_url}/reset")

    waiting.join(20)
    assert "taskToken" not in answers[0]


def metrics(server: Any) -> str:
    with urllib.request.urlopen(f"{server.endpoint_url}/metrics", timeout=20) as answer:
        return str(answer.read().decode())


def test_tasks_of_before_a_reset_cannot_be_answered(swf_server: Any, http_swf: Any) -> None:
    http_swf.start()
    task = http_swf.poll_decision()
    post(f"{swf_server.endpoint_url}/reset")
    again = type(http_swf)(http_swf.client)
    again.start()
    again.poll_decision()

    refusal = again.refusal("respond_decision_task_completed", taskToken=task["taskToken"])

    assert refusal == ("ValidationException", "Invalid token")


def test_a_reset_is_done_though_its_client_hangs_up(swf_server: Any, http_swf: Any) -> None:
    port = int(swf_server.endpoint_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /reset HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    while http_swf.client.list_domains(registrationStatus="REGISTERED")["domainInfos"]:
        time.sleep(0.01)
    assert swf_server.stop() == 0


def test_what_is_durable_cannot_be_reset(open_swf_server: Any, tmp_path: Path) -> None:
    with open_swf_server(tmp_path / "durable.db") as server:
        assert post(f"{server.endpoint_url}/reset")[0] == 404
