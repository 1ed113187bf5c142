"""Popeyes, and `vib process`, as processes of their own."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from harness.pipeline import wait_until
from harness.tus_client import CONTENT_TYPE, TusClient, token_of
from vib.local.processes import Processes
from vib.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path / "logs") as processes:
        yield processes


def test_of_two_processes_that_take_the_same_file_in_at_once_one_starts_it(
    context: Services, user_id: UUID, tiny_video: Path
) -> None:
    command = [sys.executable, "-m", "vib", "process", str(tiny_video), "--user", str(user_id)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    said = [process.communicate(timeout=60)[0].split(maxsplit=1) for process in both]

    assert [process.returncode for process in both] == [0, 0]
    (media_id,) = {media_id for media_id, _ in said}
    assert sorted(receipt for _, receipt in said) == ["in progress\n", "started\n"]
    assert context.swf.execution(media_id).is_open()


def test_a_popeye_that_is_told_to_stop_keeps_what_came_and_ends_well(
    context: Services, user_id: UUID, processes: Processes, tmp_path: Path
) -> None:
    url = processes.start_and_read_line("popeye", "vib", "popeye", "--port", "0")
    popeye = processes._children.pop("popeye")
    client = TusClient(url, token_of(context, user_id))
    path = client.create(1 << 20)
    scratch = context.scratch_folder

    def slowly() -> Iterator[bytes]:
        yield b"0" * 300_000
        wait_until(lambda: any(spool.stat().st_size > 200_000 for spool in scratch.iterdir()))
        popeye.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(url))
        for _ in range(70):
            yield b"1" * 10_000

    answer = client.request(
        "PATCH",
        path,
        slowly(),
        Upload_Offset="0",
        Content_Type=CONTENT_TYPE,
        Content_Length=str(1 << 20),
    )

    assert answer.status == 503
    assert popeye.wait(30) == 0
    other = processes.start_and_read_line("other", "vib", "popeye", "--port", "0")
    kept = int(TusClient(other, client.token).head(path).headers["Upload-Offset"])
    assert kept >= 300_000
    log = (tmp_path / "logs" / "popeye.log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    (patched,) = [line for line in lines if line.get("method") == "PATCH"]
    assert (patched["status"], patched["path"]) == (503, path)
    assert client.token is not None
    assert client.token not in log


def is_refused(url: str) -> bool:
    """Whether nobody listens there any more."""
    address = urlsplit(url)
    with socket.socket() as connection:
        return connection.connect_ex((str(address.hostname), address.port or 0)) != 0


@pytest.mark.usefixtures("context")
def test_a_popeye_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch, processes: Processes) -> None:
    url = processes.start_and_read_line("popeye", "vib", "popeye", "--port", "0")
    command = [sys.executable, "-m", "vib", "popeye", "--port", url.rpartition(":")[2]]

    taken = subprocess.run(command, capture_output=True, text=True, check=False)
    monkeypatch.setenv("VIB_UPLOAD_SECRET", "short")
    short = subprocess.run(command, capture_output=True, text=True, check=False)
    monkeypatch.delenv("VIB_UPLOAD_SECRET")
    missing = subprocess.run(command, capture_output=True, text=True, check=False)

    assert [each.returncode for each in (taken, short, missing)] == [2, 2, 2]
    assert "Address already in use" in taken.stderr.splitlines()[-1]
    assert "VIB_UPLOAD_SECRET: " in short.stderr
    assert "VIB_UPLOAD_SECRET is missing" in missing.stderr
