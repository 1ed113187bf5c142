"""Reads access keys from a file, in the form of AWS's shared credentials file."""

import configparser
import os
import re
import stat
from pathlib import Path

from localswf.http.signature import AccessKey, Keys

_ID = re.compile(r"\w{1,128}", re.ASCII)


class CredentialsError(Exception):
    """The file cannot be used; the message says why and what to do, and no secret."""


def read_keys(path: Path) -> Keys:
    """The access keys of a file, one a profile; the profiles' names mean nothing.

    The same file serves clients, by AWS_SHARED_CREDENTIALS_FILE. A key is rotated by a profile
    beside the old one, until no client signs with that any more.

    Raises:
        CredentialsError: it cannot be read, others may read it, or it holds no key or half a key.
    """
    parser = configparser.RawConfigParser(delimiters=("=",))
    try:
        parser.read_string(_read_private(path))
    except configparser.Error as error:
        # Not the error's own words, which show the line.
        line = getattr(error, "lineno", None) or error.errors[0][0]  # type: ignore[attr-defined]
        raise CredentialsError(f"{path} is no credentials file: see line {line}.") from None
    keys: dict[str, AccessKey] = {}
    for profile in parser.sections():
        key = _key(path, profile, parser[profile])
        if key.id in keys and keys[key.id] != key:
            raise CredentialsError(f"{path} has two secrets for the access key {key.id}.")
        keys[key.id] = key
    if not keys:
        raise CredentialsError(
            f"{path} has no access key: give it a profile such as [default] with "
            "aws_access_key_id and aws_secret_access_key."
        )
    return keys


def _read_private(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
                raise CredentialsError(
                    f"{path} holds secrets and is open to every user: chmod o= {path}"
                )
            return file.read()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise CredentialsError(f"{path} is no credentials file: it is no text.") from None


def _key(path: Path, profile: str, section: configparser.SectionProxy) -> AccessKey:
    names = ("aws_access_key_id", "aws_secret_access_key")
    for name in names:
        if not section.get(name):
            raise CredentialsError(f"{path} has no {name} in its profile {profile}.")
    key_id, secret = (section[name] for name in names)
    if _ID.fullmatch(key_id) is None:
        raise CredentialsError(
            f"The aws_access_key_id of profile {profile} in {path} may have letters, digits and "
            "_ only, 128 at most."
        )
    return AccessKey(key_id, secret, section.get("aws_session_token") or None)
