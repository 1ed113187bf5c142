"""The file of access keys."""

from pathlib import Path

import pytest

from localswf.http.credentials import CredentialsError, read_keys
from localswf.http.signature import AccessKey

GOOD = """
[default]
aws_access_key_id = AKIDOLD
aws_secret_access_key = old=/+secret%
region = eu-west-1

[next]
aws_access_key_id=ASIANEW
aws_secret_access_key=new
aws_session_token=token
"""
TWO_SECRETS = """
[a]
aws_access_key_id = A
aws_secret_access_key = hush
[b]
aws_access_key_id = A
aws_secret_access_key = whist
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.touch(mode=0o600)
    return path


def test_every_profile_is_a_key(path: Path) -> None:
    path.write_text(GOOD)
    assert read_keys(path) == {
        "AKIDOLD": AccessKey("AKIDOLD", "old=/+secret%"),
        "ASIANEW": AccessKey("ASIANEW", "new", "token"),
    }


def test_a_key_does_not_show_its_secrets() -> None:
    assert repr(AccessKey("AKID", "secret", "token")) == "AccessKey(id='AKID')"


def test_a_file_that_everybody_may_read_is_refused(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0o644)
    with pytest.raises(CredentialsError, match=r"open to every user: chmod o= /"):
        read_keys(path)


def test_a_file_of_the_owner_and_a_group(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0o440)
    assert len(read_keys(path)) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no access key: give it a profile"),
        ("[a]\naws_access_key_id=AKID\n", "has no aws_secret_access_key in its profile a"),
        ("[a]\naws_secret_access_key=hush\n", "has no aws_access_key_id in its profile a"),
        ("[a]\naws_access_key_id=a/b\naws_secret_access_key=hush\n", "letters, digits and _ only"),
        ("aws_secret_access_key=hush\n", "is no credentials file: see line 1"),
        ("[a]\naws_access_key_id=AKID\nhush\n", "is no credentials file: see line 3"),
        ("[a]\n[a]\n", "is no credentials file: see line 2"),
        (
            TWO_SECRETS,
            "has two secrets for the access key A",
        ),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(CredentialsError) as refused:
        read_keys(path)
    assert complaint in str(refused.value)
    assert str(path) in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_file_that_is_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="it is no text"):
        read_keys(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="cannot be read: No such file or directory"):
        read_keys(tmp_path / "none")
