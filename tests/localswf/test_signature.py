"""Signature Version 4, as botocore's own signer makes it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from localswf import errors
from localswf.http.signature import AccessKey, verify
from localswf.http.wire import Head, HttpError, parse_head

NOW = datetime(2026, 2, 28, 23, 58, tzinfo=UTC)
KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = AccessKey("ASIATEMP", "of an hour", "a/token+of=an hour")
KEYS = {key.id: key for key in (KEY, TEMPORARY)}
BODY = b'{"name":"\\u00fc","domain":"a/b?c=d&e"}'
TARGET = "SimpleWorkflowService.StartWorkflowExecution"


@pytest.fixture(autouse=True)
def _signed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)


def sign(
    key: AccessKey = KEY,
    *,
    body: bytes = BODY,
    region: str = "eu-west-1",
    service: str = "swf",
    path: str = "/",
    **headers: str,
) -> Head:
    """The head of a request that botocore has signed."""
    given = {"Host": "localhost:4567", "X-Amz-Target": TARGET, **headers}
    request = AWSRequest("POST", f"http://localhost:4567{path}", headers=given, data=body)
    credentials = Credentials(key.id, key.secret, key.session_token)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    return parse_head(raw(path, dict(request.headers)))


def raw(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((f"POST {path} HTTP/1.1", *lines)).encode("latin-1")


def refusal(head: Head, body: bytes = BODY, now: datetime = NOW, **keys: AccessKey) -> Any:
    with pytest.raises(errors.SwfError) as refused:
        verify(head, body, keys or KEYS, now)
    assert refused.value.status == 400
    assert refused.value.wire_type == f"com.amazon.coral.service#{refused.value.code}"
    return refused.value.code, refused.value.message


def changed(head: Head, name: str, change: Callable[[str], str]) -> Head:
    return replace(head, headers={**head.headers, name: change(head.headers[name])})


def without(head: Head, name: str) -> Head:
    return replace(head, headers={n: value for n, value in head.headers.items() if n != name})


@pytest.mark.parametrize("key", [KEY, TEMPORARY])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "local"])
def test_what_botocore_signs_is_taken(key: AccessKey, region: str) -> None:
    verify(sign(key, region=region), BODY, KEYS, NOW)


@given(
    body=st.binary(max_size=200),
    target=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    agent=st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True),
)
def test_odd_characters_are_signed_like_others(body: bytes, target: str, agent: str) -> None:
    head = sign(body=body, **{"X-Amz-Target": target, "X-Odd": agent})
    verify(head, body, KEYS, NOW)


@given(
    authorization=st.text(st.characters(max_codepoint=255), max_size=80)
    | st.text("AWS4-HMCSH256 Credntial=/,;gudH", max_size=80).map(
        lambda text: f"AWS4-HMAC-SHA256 Credential=A/20260228/x/swf/aws4_request,{text}"
    ),
    date=st.text(st.characters(max_codepoint=255), max_size=20),
)
def test_whatever_a_stranger_sends_is_refused(authorization: str, date: str) -> None:
    headers = {"host": "h", "authorization": authorization, "x-amz-date": date}
    assert refusal(Head("POST", "/", headers, 0, keep_alive=True))[0]


@pytest.mark.parametrize("path", ["/reset", "/a%20b", "/?b=2&a=%2F&a=1&c"])
def test_other_paths_are_signed_too(path: str) -> None:
    head = sign(path=path)
    verify(head, BODY, KEYS, NOW)
    refusal(replace(head, path=f"{path}0"))


def test_blanks_in_a_row_are_signed_as_one() -> None:
    verify(sign(**{"X-Odd": "a  b   c"}), BODY, KEYS, NOW)


def test_every_change_of_a_bit_is_refused_or_means_the_same() -> None:
    """Everything in this request is signed, or is the signature."""
    head = sign()
    signed = raw(head.path, head.headers)
    count = 0
    for place in range(len(signed) * 8):
        forged = bytearray(signed)
        forged[place // 8] ^= 1 << place % 8
        try:
            forgery = parse_head(bytes(forged))
        except HttpError:
            continue
        if (forgery.method, forgery.path, forgery.headers) == ("POST", "/", head.headers):
            continue
        refusal(forgery)
        count += 1
    assert count > len(signed) * 6


def test_every_change_of_the_body_is_refused() -> None:
    head = sign()
    for place in range(len(BODY) * 8):
        forged = bytearray(BODY)
        forged[place // 8] ^= 1 << place % 8
        assert refusal(head, bytes(forged))[0] == "InvalidSignatureException"
    refusal(head, BODY + b" ")
    refusal(head, BODY[:-1])


def test_a_signature_by_another_secret_is_refused() -> None:
    code, message = refusal(sign(replace(KEY, secret="guessed")))
    assert code == "InvalidSignatureException"
    assert message.startswith(
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details.\n"
        "\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:localhost:4567"
    )
    assert KEY.secret not in message


def test_a_request_without_a_signature() -> None:
    refused = ("MissingAuthenticationTokenException", "Missing Authentication Token")
    head = sign()
    assert refusal(without(head, "authorization")) == refused
    assert refusal(changed(head, "authorization", lambda _: "Basic aWQ6a2V5")) == refused
    in_query = replace(without(head, "authorization"), path="/?X-Amz-Signature=00")
    assert refusal(in_query) == refused


def test_a_key_that_nobody_has() -> None:
    refused = (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    assert refusal(sign(AccessKey("AKIDNOBODY", KEY.secret))) == refused


@pytest.mark.parametrize("token", [None, "another token"])
def test_a_temporary_key_needs_its_token(token: str | None) -> None:
    assert refusal(sign(replace(TEMPORARY, session_token=token)))[0] == (
        "UnrecognizedClientException"
    )


def test_a_key_without_a_token_takes_none() -> None:
    assert refusal(sign(replace(KEY, session_token="token")))[0] == "UnrecognizedClientException"


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_of_skew_are_borne(minutes: int) -> None:
    verify(sign(), BODY, KEYS, NOW + timedelta(minutes=minutes))


def test_a_signature_that_is_old() -> None:
    assert refusal(sign(), now=NOW + timedelta(minutes=5, seconds=1)) == (
        "InvalidSignatureException",
        (
            "Signature expired: 20260228T235800Z is now earlier than 20260228T235801Z "
            "(20260301T000301Z - 5 min.)"
        ),
    )


def test_a_signature_of_the_future() -> None:
    assert refusal(sign(), now=NOW - timedelta(minutes=5, seconds=1)) == (
        "InvalidSignatureException",
        (
            "Signature not yet current: 20260228T235800Z is still later than 20260228T235759Z "
            "(20260228T235259Z + 5 min.)"
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        (
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA1",
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'",
        ),
        (
            "Signature=",
            "Sig=",
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 ",
        ),
        (
            "Credential=",
            "",
            "IncompleteSignatureException",
            (
                "'AKIDEXAMPLE/20260228/eu-west-1/swf/aws4_request' not a valid key=value pair "
                "(missing equal-sign) in Authorization header: "
            ),
        ),
        (
            "/eu-west-1",
            "",
            "IncompleteSignatureException",
            (
                "Credential must have exactly 5 slash-delimited elements, e.g. "
                "keyid/date/region/service/term, got 'AKIDEXAMPLE/20260228/swf/aws4_request'"
            ),
        ),
        (
            "20260228/",
            "20260227/",
            "InvalidSignatureException",
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP: '20260227' != '20260228', from '20260228T235800Z'."
            ),
        ),
        (
            "eu-west-1/swf/aws4",
            "EU/s3/aws5",
            "InvalidSignatureException",
            (
                "Credential should be scoped to a valid region, not 'EU'. Credential should be "
                "scoped to correct service: 'swf'. Credential should be scoped with a valid "
                "terminator: 'aws4_request', not 'aws5_request'."
            ),
        ),
        (
            "=host;",
            "=",
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            ";x-amz-target",
            "",
            "InvalidSignatureException",
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            ";x-amz-target",
            ";x-amz-target;x-none",
            "InvalidSignatureException",
            "'x-none' is named as a SignedHeader, but it does not exist in the HTTP request.",
        ),
    ],
)
def test_an_authorization_that_is_no_good(old: str, new: str, code: str, message: str) -> None:
    head = changed(sign(), "authorization", lambda text: text.replace(old, new))
    found = refusal(head)
    assert found[0] == code
    assert found[1].startswith(message)


@pytest.mark.parametrize("date", ["20260228", "2026-02-28T23:58:00Z", "20260231T000000Z"])
def test_a_date_that_is_none(date: str) -> None:
    assert refusal(changed(sign(), "x-amz-date", lambda _: date)) == (
        "IncompleteSignatureException",
        f"Date must be in ISO-8601 'basic format'. Got '{date}'.",
    )


def test_a_request_without_a_date() -> None:
    code, message = refusal(without(sign(), "x-amz-date"))
    assert code == "IncompleteSignatureException"
    assert message.startswith("Authorization header requires existence of a 'X-Amz-Date' header.")
