"""A server that takes signed requests only."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import Session

from localswf.model import operations

SECRET = "of-the-first/+="  # noqa: S105 - of these tests only
PROFILES = f"""
[default]
aws_access_key_id = AKIDFIRST
aws_secret_access_key = {SECRET}

[next]
aws_access_key_id = AKIDSECOND
aws_secret_access_key = of-the-second
"""


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "credentials"
    path.touch(mode=0o600)
    path.write_text(PROFILES)
    return path


@pytest.fixture(scope="module")
def server(
    open_swf_server: Any, tmp_path_factory: pytest.TempPathFactory, credentials: Path
) -> Iterator[Any]:
    data = tmp_path_factory.mktemp("signed") / "swf.db"
    options = ("--ephemeral", "--credentials", str(credentials))
    with open_swf_server(data, *options) as server:
        yield server


@pytest.fixture(scope="module")
def connect(server: Any, credentials: Path) -> Iterator[Callable[..., Any]]:
    """Makes clients that sign with a profile of the server's own file, or with nothing."""
    made = []

    def make(profile: str | None = "default", **settings: Any) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            signature_version=UNSIGNED if profile is None else "v4",
        )
        session = boto3.Session(botocore_session=botocore_session(credentials, profile))
        client = session.client(
            "swf",
            endpoint_url=server.endpoint_url,
            region_name="eu-west-1",
            config=config,
            **settings,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def botocore_session(credentials: Path, profile: str | None) -> Session:
    session = Session(profile=profile)
    session.set_config_variable("credentials_file", str(credentials))
    return session


@pytest.fixture(scope="module")
def signed(connect: Callable[..., Any]) -> Any:
    return connect()


@pytest.fixture(scope="module")
def unsigned(connect: Callable[..., Any]) -> Any:
    return connect(None)


def refusal(client: Any, method: str = "list_domains") -> tuple[str, str]:
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, method)(registrationStatus="REGISTERED")
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("profile", ["default", "next"])
def test_each_key_of_the_file_is_good(connect: Callable[..., Any], profile: str) -> None:
    client = connect(profile)
    name = f"ü/{profile} \N{SNOWMAN}".replace("/", "")
    client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")
    found = client.describe_domain(name=name)["domainInfo"]
    assert found["arn"] == f"arn:aws:swf:eu-west-1:123456789012:/domain/{name}"


@pytest.mark.parametrize("method", sorted(each.method for each in operations().values()))
def test_every_operation_passes_when_signed_and_only_then(
    signed: Any, unsigned: Any, method: str
) -> None:
    with pytest.raises(signed.exceptions.ClientError, match="validation error"):
        getattr(signed, method)()
    with pytest.raises(unsigned.exceptions.ClientError, match="Missing Authentication Token"):
        getattr(unsigned, method)()


def test_a_wrong_secret(connect: Callable[..., Any]) -> None:
    client = connect(aws_access_key_id="AKIDFIRST", aws_secret_access_key="guessed")
    code, message = refusal(client)
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature")


def test_a_key_that_nobody_has(connect: Callable[..., Any]) -> None:
    client = connect(aws_access_key_id="AKIDNOBODY", aws_secret_access_key=SECRET)
    assert refusal(client) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_a_reset_needs_a_signature_as_well(server: Any) -> None:
    request = urllib.request.Request(f"{server.endpoint_url}/reset", data=b"", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    with refused.value as answer:
        assert (answer.code, b"MissingAuthenticationToken" in answer.read()) == (400, True)


@pytest.mark.parametrize("page", ["/health", "/metrics"])
def test_watchers_need_no_key(server: Any, page: str) -> None:
    with urllib.request.urlopen(f"{server.endpoint_url}{page}", timeout=20) as answer:
        assert answer.status == 200


def test_the_log_has_no_secret(server: Any, connect: Callable[..., Any]) -> None:
    refusal(connect(aws_access_key_id="AKIDFIRST", aws_secret_access_key="guessed"))
    assert SECRET not in server.log.read_text()


def test_other_machines_are_served_with_access_keys(
    open_swf_server: Any, tmp_path: Path, credentials: Path
) -> None:
    options = ("--host", "0.0.0.0", "--credentials", str(credentials))  # noqa: S104 - that is it
    with open_swf_server(tmp_path / "swf.db", *options) as server:
        client = boto3.client(
            "swf",
            endpoint_url=server.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="AKIDFIRST",
            aws_secret_access_key=SECRET,
        )
        assert client.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
        client.close()


def test_a_credentials_file_that_is_open_to_everybody(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(PROFILES)
    path.chmod(0o604)
    command = [sys.executable, "-m", "localswf", "serve", "--ephemeral", "--port", "0"]
    refused = subprocess.run(
        [*command, "--credentials", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"{path} holds secrets and is open to every user: chmod o= {path}\n"
