"""AWS Signature Version 4, from the side of the service: whether a request is signed by a key.

Source: "AWS Signature Version 4 for API requests" in AWS's IAM user guide. Signatures in the query
string are not taken: SWF's clients send none.
"""

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from localswf import errors
from localswf.http.wire import Head

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "swf"
_TERMINATOR = "aws4_request"
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_LARGEST_SKEW = timedelta(minutes=5)

# Of the headers that mean something to the service, those that have to be signed if they are there.
_TO_BE_SIGNED = ("x-amz-date", "x-amz-target", "x-amz-security-token")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What a client signs with.

    Attributes:
        id: its public name.
        secret: what only the client and the service know.
        session_token: what its requests carry beside the signature, if it is a temporary key.
    """

    id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


Keys = Mapping[str, AccessKey]
"""Access keys by their ids."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an Authorization header says, its parts in order and its date near enough."""

    key_id: str
    region: str
    scope: str
    date: str
    signed_headers: tuple[str, ...]
    signature: str


def verify(head: Head, body: bytes, keys: Keys, now: datetime) -> None:
    """Make sure that a request is signed by one of the keys, about now.

    Args:
        head: the request's head.
        body: its body.
        keys: whose signatures are taken.
        now: the time, with its time zone.

    Raises:
        SwfError: it is not; named and worded as AWS does.
    """
    claim = _read_claim(head.headers, now)
    key = keys.get(claim.key_id)
    token = head.headers.get("x-amz-security-token", "")
    if key is None or not _same(key.session_token or "", token):
        raise errors.unrecognized_client()
    canonical = _canonical_request(head, body, claim)
    digest = hashlib.sha256(canonical).hexdigest()
    to_sign = f"{_ALGORITHM}\n{claim.date}\n{claim.scope}\n{digest}"
    signing_key = _signing_key(key.secret, claim.date[:8], claim.region)
    expected = hmac.digest(signing_key, to_sign.encode(), "sha256").hex()
    if not _same(expected, claim.signature):
        raise errors.wrong_signature(canonical.decode("latin-1"), to_sign)


def _read_claim(headers: Mapping[str, str], now: datetime) -> _Claim:
    authorization = headers.get("authorization", "")
    algorithm, _, rest = authorization.partition(" ")
    if not algorithm.startswith("AWS4-"):
        raise errors.missing_authentication_token()
    if algorithm != _ALGORITHM:
        raise errors.incomplete_signature(
            f"Unsupported AWS 'algorithm': '{algorithm}' (only {_ALGORITHM} for now)."
        )
    credential, signature, signed = _parameters(authorization, rest)
    parts = credential.split("/")
    if len(parts) != 5:  # noqa: PLR2004 - the message names them
        raise errors.incomplete_signature(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    date = headers.get("x-amz-date", "")
    if not date:
        raise errors.incomplete_signature(
            "Authorization header requires existence of a 'X-Amz-Date' header. "
            f"Authorization={authorization}"
        )
    signed_headers = tuple(sorted(signed.split(";")))
    _check_date(date, now)
    _check_signed_headers(signed_headers, headers)
    _check_scope(parts, date)
    return _Claim(parts[0], parts[2], "/".join(parts[1:]), date, signed_headers, signature)


def _parameters(authorization: str, text: str) -> list[str]:
    """The values of the header's parameters, in the order of `_PARAMETERS`."""
    found = {}
    for pair in text.split(","):
        name, equals, value = pair.strip(" ").partition("=")
        if not equals:
            raise errors.incomplete_signature(
                f"'{pair.strip(' ')}' not a valid key=value pair (missing equal-sign) in "
                f"Authorization header: '{authorization}'."
            )
        found[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in _PARAMETERS
        if not found.get(name)
    ]
    if missing:
        raise errors.incomplete_signature(f"{' '.join(missing)} Authorization={authorization}")
    return [found[name] for name in _PARAMETERS]


def _check_date(date: str, now: datetime) -> None:
    signed_at = _parsed_date(date)
    if signed_at is None:
        raise errors.incomplete_signature(f"Date must be in ISO-8601 'basic format'. Got '{date}'.")
    if signed_at < now - _LARGEST_SKEW:
        raise errors.invalid_signature(
            f"Signature expired: {date} is now earlier than {_shown(now - _LARGEST_SKEW)} "
            f"({_shown(now)} - 5 min.)"
        )
    if signed_at > now + _LARGEST_SKEW:
        raise errors.invalid_signature(
            f"Signature not yet current: {date} is still later than {_shown(now + _LARGEST_SKEW)} "
            f"({_shown(now)} + 5 min.)"
        )


def _parsed_date(date: str) -> datetime | None:
    if _DATE.fullmatch(date) is None:
        return None
    try:
        return datetime.fromisoformat(date)
    except ValueError:
        return None


def _check_signed_headers(signed: tuple[str, ...], headers: Mapping[str, str]) -> None:
    if "host" not in signed:
        raise errors.invalid_signature(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    for name in _TO_BE_SIGNED:
        if name in headers and name not in signed:
            raise errors.invalid_signature(
                f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )
    for name in signed:
        if name not in headers:
            raise errors.invalid_signature(
                f"'{name}' is named as a SignedHeader, but it does not exist in the HTTP request."
            )


def _check_scope(parts: list[str], date: str) -> None:
    _, day, region, service, terminator = parts
    problems = []
    # Every region is served here: the scope decides what ARNs say, nothing else.
    if _REGION.fullmatch(region) is None:
        problems.append(f"Credential should be scoped to a valid region, not '{region}'.")
    if service != _SERVICE:
        problems.append(f"Credential should be scoped to correct service: '{_SERVICE}'.")
    if terminator != _TERMINATOR:
        problems.append(
            "Credential should be scoped with a valid terminator: "
            f"'{_TERMINATOR}', not '{terminator}'."
        )
    if day != date[:8]:
        problems.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{day}' != '{date[:8]}', from '{date}'."
        )
    if problems:
        raise errors.invalid_signature(" ".join(problems))


def _canonical_request(head: Head, body: bytes, claim: _Claim) -> bytes:
    path, _, query = head.path.partition("?")
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    lines = (
        head.method,
        quote(path, safe="/~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{re.sub(' +', ' ', head.headers[name])}" for name in claim.signed_headers),
        "",
        ";".join(claim.signed_headers),
        hashlib.sha256(body).hexdigest(),
    )
    return "\n".join(lines).encode("latin-1")


@functools.lru_cache(maxsize=64)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, _SERVICE, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_DATE_FORMAT)
