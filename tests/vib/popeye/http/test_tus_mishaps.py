import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

import swflow
from harness.popeye import serving
from harness.tus_client import CONTENT_TYPE, TusClient
from vib.db.models import UploadPart
from vib.popeye.http import tus
from vib.services import Services

from .conftest import LENGTH, content, offset, row, stored


def open_patch(client: TusClient, path: str, length: int) -> socket.socket:
    """A connection on which the head of a PATCH has been sent, and nothing of its body."""
    url = urlsplit(client.url)
    connection = socket.create_connection((url.hostname, url.port), timeout=30)
    lines = (
        f"PATCH {path} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {client.token}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {length}",
    )
    connection.sendall("\r\n".join((*lines, "", "")).encode())
    return connection


def test_what_came_before_the_connection_was_lost_is_kept(
    client: TusClient, context: Services, tmp_path: Path
) -> None:
    whole = bytes(range(256)) * 4_000
    path = client.create(len(whole))
    connection = open_patch(client, path, len(whole))
    connection.sendall(whole[:600_000])
    connection.close()

    while not (kept := offset(client, path)):
        time.sleep(0.02)
    client.patch(path, kept, whole[kept:])

    assert 500_000 < kept <= 600_000  # all but what the server had not looked at
    assert content(context, path, tmp_path) == whole


def test_of_a_client_that_falls_silent_what_came_is_kept(
    client: TusClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus, "SECONDS_OF_SILENCE", 0.2)
    with open_patch(client, path, LENGTH) as connection:
        connection.sendall(b"0123")

        assert b" 408 " in connection.recv(4_096)
    assert offset(client, path) == 4


def test_a_large_request_is_stored_in_pieces_as_it_comes(
    client: TusClient, context: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tus, "PIECE_BYTES", 100_000)
    whole = bytes(range(256)) * 4_000
    path = client.create(len(whole))
    with open_patch(client, path, len(whole)) as connection:
        connection.sendall(whole[:500_000])
        while offset(client, path) < 300_000:
            time.sleep(0.02)
        connection.sendall(whole[500_000:])
        assert b" 204 " in connection.recv(4_096)

    assert content(context, path, tmp_path) == whole
    with context.sessions() as session:
        parts = session.scalars(select(UploadPart).filter_by(upload_id=row(context, path).id))
        assert len(parts.all()) > 3
    assert list(context.scratch_folder.iterdir()) == []


def test_of_two_requests_that_go_on_at_the_same_place_one_wins(
    client: TusClient, context: Services, path: str, tmp_path: Path
) -> None:
    with open_patch(client, path, LENGTH) as slow:
        slow.sendall(b"slow")
        assert client.patch(path, 0, b"quick").status == 204
        slow.sendall(b" bytes")

        assert b" 409 " in slow.recv(4_096)
    client.patch(path, 5, b"56789")
    assert content(context, path, tmp_path) == b"quick56789"
    assert len(stored(context, path)) == 2


def test_many_clients_that_race_leave_one_whole_file(
    client: TusClient, context: Services, path: str, tmp_path: Path
) -> None:
    def send_all() -> None:
        while (start := offset(client, path)) < LENGTH:
            client.patch(path, start, b"0123456789"[start : start + 2])

    racers = [threading.Thread(target=send_all) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert content(context, path, tmp_path) == b"0123456789"
    assert len(stored(context, path)) == 5


def test_a_popeye_that_is_stopped_keeps_what_came_and_sends_the_client_on(
    client: TusClient, context: Services, path: str
) -> None:
    with serving(context) as (server, url):
        client.url = url
        with open_patch(client, path, LENGTH) as connection:
            connection.sendall(b"0123")
            time.sleep(0.2)  # or it would have ended before it heard of the request
            server.should_exit = True
            connection.sendall(b"45")

            assert b" 503 " in connection.recv(4_096)
    assert row(context, path).received >= 4


def test_an_upload_is_safe_though_swf_is_away(
    client: TusClient, context: Services, path: str
) -> None:
    away = Services(context.settings)
    away.swf = swflow.Client("vib", endpoint_url="http://127.0.0.1:9", region="us-east-1")
    with serving(away) as (_, client.url):
        assert client.patch(path, 0, b"0123456789").status == 204

    assert row(context, path).status == "received"
