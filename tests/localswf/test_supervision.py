"""systemd is told when the server is ready, and when it stops."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf.commands import supervision


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(20)
        yield listener


def test_a_server_tells_that_it_is_ready_and_that_it_stops(
    listening: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    open_swf_server: Any,
    tmp_path: Path,
) -> None:
    listening.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with open_swf_server(tmp_path / "swf.db") as server:
        assert listening.recv(100) == b"READY=1"
        assert server.stop() == 0
        assert listening.recv(100) == b"STOPPING=1"


def test_a_socket_without_a_file(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"localswf-test-{os.getpid()}"
    listening.bind(f"\0{name}")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    supervision.notify("READY=1")
    assert listening.recv(100) == b"READY=1"


def test_a_socket_that_is_gone_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "none"))
    supervision.notify("READY=1")
    assert caplog.messages == [
        f"NOTIFY_SOCKET {tmp_path / 'none'} cannot be told READY=1: No such file or directory."
    ]
