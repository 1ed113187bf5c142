"""Long and secret payloads on every way that there is, by real processes over HTTP."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from swflow import Client, PayloadError, WorkflowFailed, replay
from tests.swflow.cluster import PROGRAM
from tests.swflow.stores import HIDDEN, long_film


@dataclass
class Archive:
    """The program's processes, and the program."""

    cluster: Any
    module: ModuleType
    folder: Path

    def process(self, command: str, payloads: str) -> Any:
        where = ["--domain=films", "--task-list=films", f"--payloads=archive:{payloads}"]
        return self.cluster._start(command, "archive", *where)

    def client(self, payloads: str) -> Client:
        url = self.cluster.server.endpoint_url
        return Client("films", endpoint_url=url, payloads=getattr(self.module, payloads))

    def start(self, workflow: str, payloads: str, film: list[str]) -> Any:
        client = self.client(payloads)
        return client.start(getattr(self.module, workflow), film, workflow_id="film")


@pytest.fixture
def archive(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setenv("ARCHIVE_FOLDER", str(tmp_path / "store"))
    monkeypatch.setenv("ARCHIVE_KEY", "one")
    monkeypatch.syspath_prepend(str(PROGRAM))
    module = importlib.import_module("archive")
    cluster.register(module)
    yield Archive(cluster, module, tmp_path / "store")
    del sys.modules["archive"]


@pytest.mark.parametrize(
    ("payloads", "film"),
    [("STORED", long_film()), ("ENCRYPTED", long_film()), ("ENCRYPTED", [HIDDEN])],
    ids=["stored", "stored and encrypted", "encrypted"],
)
def test_every_payload_arrives(archive: Archive, payloads: str, film: list[str]) -> None:
    archive.process("decider", payloads)
    archive.process("worker", payloads)
    execution = archive.start("archive", payloads, film)

    result = execution.result(timedelta(seconds=60))

    assert result == [f"developed {frame}" for frame in film][::-1]
    last = archive.client(payloads).execution("film")
    assert last.published() == film
    assert replays(archive, last, payloads)
    told = json.dumps([execution.history(), last.history()], default=str)
    assert HIDDEN not in told
    stored = b"".join(each.read_bytes() for each in archive.folder.rglob("*") if each.is_file())
    assert (HIDDEN.encode() in stored) is False  # squeezed, or encrypted
    assert bool(stored) is (film != [HIDDEN])


def replays(archive: Archive, execution: Any, payloads: str) -> bool:
    """Whether the code agrees with the history that it left."""
    how = getattr(archive.module, payloads)
    events = execution.history()
    return replay(archive.module.archive, events, domain="films", payloads=how) == []


@pytest.mark.parametrize("payloads", ["STORED", "ENCRYPTED"])
def test_a_failure_arrives_with_its_details(archive: Archive, payloads: str) -> None:
    archive.process("decider", payloads)
    archive.process("worker", payloads)
    execution = archive.start("burning", payloads, long_film())

    with pytest.raises(WorkflowFailed, match="the film is burnt") as caught:
        execution.result(timedelta(seconds=60))

    assert caught.value.details == long_film()
    assert caught.value.retry is False
    [failed] = [
        event["activityTaskFailedEventAttributes"]
        for event in execution.history()
        if event["eventType"] == "ActivityTaskFailed"
    ]
    assert json.loads(failed["details"])["retry"] is False
    assert HIDDEN not in failed["details"]


def test_the_details_of_a_heartbeat_arrive(archive: Archive) -> None:
    archive.process("decider", "ENCRYPTED")
    archive.process("worker", "ENCRYPTED")
    assert archive.start("staring", "ENCRYPTED", long_film()).result(timedelta(seconds=60))


def test_a_decider_with_another_key_sets_the_execution_aside(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_KEY", "another")
    wrong = archive.process("decider", "ENCRYPTED")
    execution = archive.start("archive", "ENCRYPTED", [HIDDEN])
    archive.cluster.wait_for(lambda: "MarkerRecorded" in str(execution.history()), "the marker")
    assert "PayloadError: a payload cannot be decrypted with the key 'key'" in wrong.log()
    assert execution.is_open()

    wrong.kill()
    monkeypatch.setenv("ARCHIVE_KEY", "one")
    archive.process("decider", "ENCRYPTED")
    archive.process("worker", "ENCRYPTED")
    archive.cluster.client.connection.swf.signal_workflow_execution(
        domain="films", workflowId="film", signalName="go on"
    )
    assert execution.result(timedelta(seconds=60)) == [f"developed {HIDDEN}"]


def test_a_worker_without_the_store_fails_the_task_and_says_why(archive: Archive) -> None:
    archive.process("decider", "STORED")
    archive.cluster.worker("archive")
    execution = archive.start("burning", "STORED", long_film())
    with pytest.raises(WorkflowFailed, match="this process has no store") as caught:
        execution.result(timedelta(seconds=60))
    assert caught.value.retry is True


def test_a_client_without_the_store_is_told(archive: Archive) -> None:
    archive.process("decider", "STORED")
    archive.process("worker", "STORED")
    archive.start("archive", "STORED", long_film()).result(timedelta(seconds=60))
    with pytest.raises(PayloadError, match=r"stored in .*store, and this process has no store"):
        archive.cluster.client.execution("film").result()


def test_payloads_that_are_none_are_refused(archive: Archive) -> None:
    process = archive.process("worker", "LIST")
    assert process.wait() == 2
    assert process.log() == "swflow: archive:LIST is no swflow.Payloads\n"
