"""What is in the way of a command is one sentence, never a traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from harness.users import add_user
from vib.db import migrate
from vib.services import Services, services

from .conftest import Command

NOBODY_LISTENS = "127.0.0.1:1"


@pytest.fixture
def anew() -> Iterator[None]:
    """The command reads its settings itself."""
    services.cache_clear()
    yield
    services.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("token --user x --minutes nan", "'nan' is not a number from 0 to 10,000,000"),
        ("inject Transcode {id} --timeout -1", "'-1' is not a number from 0 to 10,000,000"),
        ("worker --processes 0", "'0' is not a whole number from 1 to 1000"),
        ("worker --grace 1e300", "'1e300' is not a number from 0 to 10,000,000"),
        ("register --retention-days 91", "'91' is not a whole number from 1 to 90"),
        ("popeye --port 65536", "'65536' is not a whole number from 0 to 65535"),
        ("create-contacts --metrics -1", "'-1' is not a whole number from 0 to 65535"),
        ("serve --folder=", "the name of the folder is empty"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_refused(
    arguments: str, said: str, vib: Command
) -> None:
    done = vib(*arguments.format(id=uuid4()).split())

    assert done.status == 2
    assert done.err.endswith(f": {said}\n")


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("command", ["people x", "migrate", "job", "token --user x"])
def test_a_database_that_is_away(
    command: str, vib: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIB_DATABASE_URL", f"postgresql+psycopg2://vib:@{NOBODY_LISTENS}/vib")

    done = vib(*command.split())

    assert done.status == 1
    assert done.err.startswith("vib: The database cannot be used: connection to server at ")
    assert done.err.count("\n") == 1


def test_a_database_without_tables(context: Services, vib: Command) -> None:
    migrate.downgrade(context.engine, "base")

    done = vib("people", "x")

    assert done == (
        1,
        "",
        'vib: The database cannot be used: relation "users" does not exist: run vib migrate.\n',
    )


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://here/vib",
        "postgresql+nothing://here/vib",
        "postgresql+psycopg2://vib:secret@secret@here/vib",
        "postgresql+psycopg2://vib:secret@here:secret/vib",
    ],
)
def test_a_database_that_is_no_postgresql(
    url: str, vib: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIB_DATABASE_URL", url)

    done = vib("people", "x")

    assert done.status == 2
    assert done.err.startswith("vib: VIB_DATABASE_URL is no URL of a PostgreSQL database")
    assert "secret" not in done.err


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        (f"http://{NOBODY_LISTENS}", 1, "Could not connect to the endpoint URL"),
        ("nonsense", 2, "cannot connect to Amazon SWF: Invalid endpoint: nonsense"),
    ],
)
def test_an_swf_that_is_not_there(
    url: str, status: int, said: str, vib: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "VIB_SWF_ENDPOINT_URL": url,
        "VIB_SWF_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(name, value)

    done = vib("show", uuid4())

    assert done.status == status
    assert done.err.startswith(f"vib: {said}")
    assert done.err.count("\n") == 1


@pytest.mark.usefixtures("context")
def test_a_port_for_metrics_that_is_taken(
    vib: Command,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = vib("popeye", "--port", 0, "--metrics", port)

    assert done.status == 2
    assert f"vib: Metrics cannot be served on port {port}: Address already in use.\n" in done.err


def test_a_folder_that_cannot_be_made(tmp_path: Path, vib: Command) -> None:
    (tmp_path / "taken").touch()

    done = vib("serve", "--folder", tmp_path / "taken")

    assert done == (
        2,
        "",
        f"vib: The folder {tmp_path / 'taken'} cannot be used: File exists.\n",
    )


def test_a_folder_in_which_postgresql_cannot_run(tmp_path: Path, vib: Command) -> None:
    done = vib("serve", "--folder", tmp_path / "my videos")

    assert done.status == 2
    assert "there is ' ' in the path; name another by --folder" in done.err


@pytest.mark.parametrize("closed", ["pipe", "stdout", "device"])
def test_an_output_that_nobody_reads(closed: str, shared_context: Services) -> None:
    user = add_user(shared_context)
    command = [sys.executable, "-m", "vib", "people", "--json", str(user)]
    redirection = {"pipe": "| true", "stdout": ">&-", "device": "> /dev/full"}[closed]

    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *command],
        env=os.environ,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    said = "vib: [Errno 28] No space left on device\n" if closed == "device" else ""
    assert done.stderr == said
