"""A user's mistake is one sentence and status 2, never a traceback; by the command as a process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.swf_server import SRC
from tests.swflow.cluster import PROGRAM


def swflow(
    *words: str, folder: Path = PROGRAM, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command without any configuration but what is given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nothing = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    return subprocess.run(
        [sys.executable, "-m", "swflow", *words],
        cwd=folder,
        env=bare | nothing | {"PYTHONPATH": str(SRC)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(*words: str, **environment: str) -> str:
    done = swflow(*words, **environment)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_domain() -> None:
    assert refused("list") == "swflow: no domain is named: give --domain, or set SWFLOW_DOMAIN\n"


def test_no_region() -> None:
    assert "You must specify a region" in refused("list", "--domain=films")


def test_no_credentials() -> None:
    said = refused(
        "list", "--domain=films", AWS_REGION="eu-west-1", AWS_EC2_METADATA_DISABLED="true"
    )
    assert "Unable to locate credentials" in said


def test_no_such_profile() -> None:
    said = refused("list", "--domain=films", AWS_PROFILE="nowhere")
    assert "The config profile (nowhere) could not be found" in said


def test_an_endpoint_that_cannot_be_reached() -> None:
    said = refused("list", "--domain=films", "--endpoint-url=http://127.0.0.1:1")
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:1/"' in said


def test_an_endpoint_that_is_no_url() -> None:
    said = refused("list", "--domain=films", "--endpoint-url=nonsense")
    assert said == "swflow: 'nonsense' is no endpoint: it begins with http:// or https://\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--since=99999999999d"), "'99999999999d' is no time span"),
        (("sweep", "--keep=99999999999d"), "'99999999999d' is no time span"),
        (("worker", "films", "--metrics=65536"), "'65536' is no port"),
        (("worker", "films", "--grace=-1"), "'-1' is not a whole number from 0 on"),
    ],
)
def test_a_number_that_cannot_be_meant(words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words, "--domain=films")


def test_a_configured_endpoint_that_is_no_url() -> None:
    said = refused("list", "--domain=films", AWS_REGION="here", AWS_ENDPOINT_URL_SWF="nonsense")
    assert said == "swflow: cannot connect to Amazon SWF: Invalid endpoint: nonsense\n"


def test_a_domain_that_nobody_knows(shared_server: Any) -> None:
    said = refused("list", "--domain=nowhere", f"--endpoint-url={shared_server.endpoint_url}")
    assert "Unknown domain: nowhere (UnknownResourceFault)" in said


def test_the_environment_configures_it_as_it_does_boto3(shared_server: Any) -> None:
    said = refused("list", SWFLOW_DOMAIN="nowhere", AWS_ENDPOINT_URL_SWF=shared_server.endpoint_url)
    assert "Unknown domain: nowhere" in said


def test_so_do_the_files_of_boto3(shared_server: Any, tmp_path: Path) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(
        f"[profile films]\nregion = eu-west-1\nservices = here\n"
        f"[services here]\nswf =\n  endpoint_url = {shared_server.endpoint_url}\n"
    )
    credentials.write_text("[films]\naws_access_key_id = a\naws_secret_access_key = b\n")
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    for words, environment in ((["--profile=films"], {}), ([], {"AWS_PROFILE": "films"})):
        said = refused("list", "--domain=nowhere", *words, **files, **environment)
        assert "Unknown domain: nowhere" in said


def test_a_word_that_is_no_command() -> None:
    assert "invalid choice: 'stat'" in refused("stat")


def test_a_reader_that_has_enough_is_no_error(shared_server: Any) -> None:
    url = f"--endpoint-url={shared_server.endpoint_url}"
    made = swflow("register", "films", "--domain=piped", "--retention=1", url)
    assert made.returncode == 0, made.stderr
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-m", "swflow", "list", "--domain=piped", url],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(writer)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_a_device_that_is_full(shared_server: Any) -> None:
    url = f"--endpoint-url={shared_server.endpoint_url}"
    made = swflow("register", "films", "--domain=full", "--retention=1", url)
    assert made.returncode == 0, made.stderr
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "swflow", "list", "--domain=full", url],
            env={**os.environ, "PYTHONPATH": str(SRC)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.stderr == "swflow: [Errno 28] No space left on device\n"
    assert ended.returncode == 1


@pytest.mark.parametrize("colour", [True, False], ids=["colours", "NO_COLOR"])
def test_colours_are_for_terminals(shared_server: Any, *, colour: bool) -> None:
    ours, theirs = os.openpty()
    environment = {} if colour else {"NO_COLOR": "1"}
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "swflow", "register", "films", "--domain=coloured"),
            *("--retention=1", f"--endpoint-url={shared_server.endpoint_url}"),
        ],
        cwd=PROGRAM,
        env={**os.environ, "PYTHONPATH": str(SRC), **environment},
        stdout=theirs,
    ) as process:
        os.close(theirs)
        first = os.read(ours, 200)
    os.close(ours)
    assert process.returncode == 0
    assert (b"\x1b[" in first) == colour
