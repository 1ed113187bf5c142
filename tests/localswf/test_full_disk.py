"""A full disk: the service refuses, loses nothing, and goes on by itself when there is room."""

import contextlib
import resource
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from localswf.__main__ import main
from localswf.offline.check import check

UNLIMITED = resource.RLIM_INFINITY


class Disk(Protocol):
    """Where a data file is."""

    folder: Path

    def fill(self, pid: int) -> None:
        """Leave a process no room for more."""

    def free(self, pid: int) -> None:
        """Give it room again."""


class SmallDisk:
    """A file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, _pid: int) -> None:
        with (
            (self.folder / "filler").open("wb", buffering=0) as filler,
            contextlib.suppress(OSError),
        ):
            while True:
                filler.write(bytes(4096))

    def free(self, _pid: int) -> None:
        (self.folder / "filler").unlink()


class SmallFiles:
    """A limit to how long the files of a process may become."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        longest = max(path.stat().st_size for path in self.folder.glob("swf.db*"))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (longest, UNLIMITED))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system takes a mount: {mounted.stderr.strip()}")
    yield SmallDisk(folder)
    subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_files(tmp_path: Path) -> SmallFiles:
    return SmallFiles(tmp_path)


@pytest.fixture(params=["small_disk", "small_files"])
def disk(request: pytest.FixtureRequest) -> Disk:
    found: Disk = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def swf_server(disk: Disk, open_swf_server: Callable[[Path], Any]) -> Iterator[Any]:
    with open_swf_server(disk.folder / "swf.db") as server:
        yield server


def start_until_refused(
    swf: Any, before_each: Callable[[], None] = lambda: None
) -> tuple[str, str]:
    """Start executions until one is refused: its workflowId and the message."""
    for number in range(1000):
        before_each()
        workflow_id = f"video-{number}"
        try:
            swf.start(workflow_id, input="x" * 20_000)
        except swf.client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 500:
                raise
            return workflow_id, error.response["Error"]["Message"]
    raise AssertionError("The disk was never full.")


def wait_for_room(swf: Any) -> None:
    for _ in range(100):
        with contextlib.suppress(swf.client.exceptions.ClientError):
            swf.client.describe_domain(name="videos")
            return
        time.sleep(0.1)
    raise AssertionError("The server did not go on.")


def get(server: Any, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(server.endpoint_url + path) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metrics(server: Any) -> str:
    return get(server, "/metrics")[1]


def queued_changes(server: Any) -> str:
    lines = metrics(server).splitlines()
    return next(line for line in lines if line.startswith("localswf_queued_changes "))


def test_everything_is_refused_until_there_is_room(
    swf_server: Any, http_swf: Any, disk: Disk
) -> None:
    http_swf.start("first")
    disk.fill(swf_server.pid)

    refused, message = start_until_refused(http_swf)

    assert message.startswith("The data file cannot be written: ")
    assert http_swf.refusal("describe_domain", name="videos")[0] == "InternalFailure"
    status, health = get(swf_server, "/health")
    assert (status, message in health) == (503, True)
    disk.free(swf_server.pid)
    wait_for_room(http_swf)
    assert get(swf_server, "/health")[0] == 200
    for workflow_id in http_swf.runs:
        assert http_swf.types(workflow_id) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    # What was at hand was written when there was room.
    started = {"workflowId": refused, "workflowType": {"name": "Process", "version": "1"}}
    refusal = http_swf.refusal("start_workflow_execution", domain="videos", **started)
    assert refusal == ("WorkflowExecutionAlreadyStartedFault", "Already Started")
    http_swf.start("after")
    swf_server.stop()
    assert check(swf_server.data)[0] == len(http_swf.runs) + 1


def test_nothing_gathers_while_there_is_no_room(swf_server: Any, http_swf: Any, disk: Disk) -> None:
    for number in range(20):
        http_swf.start(f"timer-{number}", taskStartToCloseTimeout="1")
        http_swf.poll_decision()
    disk.fill(swf_server.pid)
    start_until_refused(http_swf)
    before = queued_changes(swf_server)

    for _ in range(50):
        http_swf.refusal(
            "signal_workflow_execution", domain="videos", workflowId="timer-0", signalName="s"
        )
    time.sleep(1.2)

    assert queued_changes(swf_server) == before
    disk.free(swf_server.pid)
    wait_for_room(http_swf)
    assert "DecisionTaskTimedOut" in http_swf.types("timer-0")


def test_what_was_acknowledged_survives_a_kill_on_a_full_disk(
    swf_server: Any, http_swf: Any, disk: Disk
) -> None:
    disk.fill(swf_server.pid)
    start_until_refused(http_swf)

    swf_server.kill()
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        disk.free(swf_server.pid)
    swf_server.restart()

    for workflow_id in http_swf.runs:
        assert http_swf.types(workflow_id) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    swf_server.stop()
    check(swf_server.data)


def test_a_task_that_was_given_waits_for_room_with_its_poll(
    swf_server: Any, http_swf: Any, boto: Any, disk: Disk
) -> None:
    client, polled = boto(), []

    def poll() -> None:
        polled.append(client.poll_for_decision_task(domain="videos", taskList={"name": "deciders"}))

    def park() -> None:
        waiting.append(threading.Thread(target=poll))
        waiting[-1].start()
        while 'localswf_waiting_pollers{kind="decision"} 1.0' not in metrics(swf_server):
            time.sleep(0.01)

    waiting: list[threading.Thread] = []
    disk.fill(swf_server.pid)
    start_until_refused(http_swf, before_each=park)
    assert waiting[-1].is_alive()
    disk.free(swf_server.pid)
    waiting[-1].join(20)

    http_swf.answer(polled[-1], http_swf.complete())
    assert polled[-1]["workflowExecution"]["workflowId"] not in http_swf.runs


@contextlib.contextmanager
def no_room(longest: int) -> Iterator[None]:
    """No file of this process may become longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("longest", [0, 8192])
def test_a_server_that_finds_no_room_at_its_start_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], longest: int
) -> None:
    path = tmp_path / "swf.db"
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with no_room(longest):
        assert main(["serve", "--data", str(path), "--port", "0"]) == 2
    for number, handler in handlers.items():
        signal.signal(number, handler)

    refused = capsys.readouterr().err
    assert refused.startswith(f"{path} cannot be written (")
    assert refused.endswith("make room on its file system and start again.\n")
    assert refused.count("\n") == 1
