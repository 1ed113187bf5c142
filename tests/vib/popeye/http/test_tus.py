import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import uuid4

import pytest

from harness.tus_client import CONTENT_TYPE, TusClient, token_of
from harness.users import add_user
from vib.db.models import Upload
from vib.services import Services

from .conftest import LENGTH, content, offset, row, stored


def expire(context: Services, path: str, moment: datetime) -> None:
    with context.sessions.begin() as session:
        session.get_one(Upload, row(context, path).id).expires_at = moment


def sha1(body: bytes) -> str:
    return f"sha1 {b64encode(hashlib.sha1(body).digest()).decode()}"  # noqa: S324 - as TUS has it


# The core protocol


def test_options_tell_what_is_spoken(client: TusClient) -> None:
    for path in ("/uploads", f"/uploads/{uuid4()}"):
        answer = client.request("OPTIONS", path, Tus_Resumable=None, Authorization=None)

        assert answer.status == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,expiration,termination,checksum"
        assert answer.headers["Tus-Max-Size"] == str(32 << 30)
        assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


def test_a_file_arrives_in_as_many_requests_as_the_client_likes(
    client: TusClient, context: Services, path: str, tmp_path: Path
) -> None:
    assert client.patch(path, 0, b"0123").headers["Upload-Offset"] == "4"
    assert offset(client, path) == 4
    assert client.patch(path, 4, b"").status == 204
    assert client.patch(path, 4, b"456789").status == 204

    assert offset(client, path) == LENGTH
    assert content(context, path, tmp_path) == b"0123456789"


def test_head_tells_all_that_is_known(client: TusClient) -> None:
    path = client.create(LENGTH, "party.mp4")

    answer = client.head(path)

    assert answer.status == 200
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Length"] == str(LENGTH)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Metadata"] == "filename cGFydHkubXA0"
    assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("wrong", ["0", "3", "5", "10", "11"])
def test_bytes_for_another_place_are_refused_and_change_nothing(
    client: TusClient, path: str, wrong: str
) -> None:
    client.patch(path, 0, b"0123")

    answer = client.patch(path, int(wrong), b"x")

    assert answer.status == 409
    assert offset(client, path) == 4


@pytest.mark.parametrize("wrong", [None, "", "-1", "1.5", "²", "x", "9" * 30])
def test_an_offset_is_a_number(client: TusClient, path: str, wrong: str | None) -> None:
    encoded = None if wrong is None else wrong.encode().decode("latin-1")

    assert client.patch(path, 0, b"x", Upload_Offset=encoded).status == 400


@pytest.mark.parametrize("wrong", [None, "application/octet-stream", "text/plain"])
def test_bytes_of_another_content_type_are_refused(
    client: TusClient, path: str, wrong: str | None
) -> None:
    assert client.patch(path, 0, b"x", Content_Type=wrong).status == 415


def test_more_bytes_than_were_announced_are_refused(client: TusClient, path: str) -> None:
    assert client.patch(path, 0, b"0123456789x").status == 413
    assert offset(client, path) == 0


def test_more_bytes_than_were_announced_are_refused_without_a_content_length(
    client: TusClient, path: str
) -> None:
    headers = {"Upload_Offset": "0", "Content_Type": CONTENT_TYPE}

    answer = client.request("PATCH", path, iter([b"01234", b"56789x"]), **headers)

    assert answer.status == 413
    assert offset(client, path) == 0


@pytest.mark.parametrize("wrong", [None, "", "0.2.2", "1.0.1"])
def test_another_version_is_refused_with_the_one_that_is_spoken(
    client: TusClient, path: str, wrong: str | None
) -> None:
    for method, where in (("POST", "/uploads"), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
        answer = client.request(method, where, Tus_Resumable=wrong, Upload_Length="1")

        assert answer.status == 412
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert offset(client, path) == 0


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("name", ["5e9d6a0c-6f0e-4d5a-9c53-0d9b6c1e7f42", "nothing"])
def test_what_is_not_there_is_not_found(client: TusClient, method: str, name: str) -> None:
    answer = client.request(
        method, f"/uploads/{name}", Upload_Offset="0", Content_Type=CONTENT_TYPE
    )

    assert answer.status == 404
    assert "Upload-Offset" not in answer.headers


def test_a_client_that_knows_no_patch_says_so_in_a_header(client: TusClient, path: str) -> None:
    answer = client.request(
        "POST",
        path,
        b"0123",
        X_HTTP_Method_Override="PATCH",
        Upload_Offset="0",
        Content_Type=CONTENT_TYPE,
    )

    assert answer.status == 204
    assert offset(client, path) == 4


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_other_methods_are_not_allowed(client: TusClient, path: str, method: str) -> None:
    assert client.request(method, path).status == 405


# Creation


def test_an_upload_is_created_with_its_name(client: TusClient, context: Services) -> None:
    path = client.create(LENGTH, "A party.mp4")

    assert row(context, path).filename == "A party.mp4"
    assert row(context, path).length == LENGTH


@pytest.mark.parametrize("wrong", [None, "", "-1", "ten", "9" * 19])
def test_a_length_is_a_number(client: TusClient, wrong: str | None) -> None:
    assert client.request("POST", "/uploads", Upload_Length=wrong).status == 400


def test_a_file_that_is_too_large_is_refused(client: TusClient) -> None:
    assert client.request("POST", "/uploads", Upload_Length=str((32 << 30) + 1)).status == 413


@pytest.mark.parametrize("wrong", ["filename $$$", "filename /w==", "x " + "a" * 10_000])
def test_metadata_that_is_none_is_refused(client: TusClient, wrong: str) -> None:
    answer = client.request("POST", "/uploads", Upload_Length="1", Upload_Metadata=wrong)

    assert answer.status == 400
    assert b"Upload-Metadata" in answer.body


def test_an_empty_file_is_complete_at_once(client: TusClient, context: Services) -> None:
    path = client.create(0)

    assert row(context, path).status == "received"
    assert context.swf.execution(f"upload-{row(context, path).id}").is_open()


# Expiration


def test_an_upload_expires_later_with_every_byte(
    client: TusClient, context: Services, path: str
) -> None:
    expire(context, path, datetime.now(UTC) + timedelta(hours=1))

    before = parsedate_to_datetime(client.head(path).headers["Upload-Expires"])
    after = parsedate_to_datetime(client.patch(path, 0, b"0").headers["Upload-Expires"])

    assert before < after


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_an_upload_that_has_expired_is_gone(
    client: TusClient, context: Services, path: str, method: str
) -> None:
    expire(context, path, datetime.now(UTC))

    answer = client.request(method, path, Upload_Offset="0", Content_Type=CONTENT_TYPE)

    assert answer.status == 410


def test_an_upload_that_is_complete_does_not_expire(client: TusClient, path: str) -> None:
    answer = client.patch(path, 0, b"0123456789")

    assert "Upload-Expires" not in answer.headers


# Termination


def test_an_upload_that_is_not_wanted_any_more_leaves_nothing(
    client: TusClient, context: Services, path: str
) -> None:
    client.patch(path, 0, b"0123")

    assert client.request("DELETE", path).status == 204

    assert client.head(path).status == 404
    assert client.patch(path, 4, b"x").status == 404
    assert stored(context, path) == []


def test_an_upload_that_is_being_processed_cannot_be_taken_back(
    client: TusClient, context: Services, path: str, tmp_path: Path
) -> None:
    client.patch(path, 0, b"0123456789")

    assert client.request("DELETE", path).status == 409

    assert content(context, path, tmp_path) == b"0123456789"


# Checksums


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_bytes_that_add_up_are_taken(client: TusClient, path: str, algorithm: str) -> None:
    digest = b64encode(hashlib.new(algorithm, b"0123").digest()).decode()

    answer = client.patch(path, 0, b"0123", Upload_Checksum=f"{algorithm} {digest}")

    assert answer.status == 204
    assert offset(client, path) == 4


def test_bytes_that_do_not_add_up_are_thrown_away(
    client: TusClient, context: Services, path: str
) -> None:
    answer = client.patch(path, 0, b"0123", Upload_Checksum=sha1(b"4567"))

    assert answer.status == 460
    assert offset(client, path) == 0
    assert stored(context, path) == []


@pytest.mark.parametrize("wrong", ["crc32 AAAA", "sha1 $", "sha1", ""])
def test_a_checksum_that_is_not_understood_is_refused(
    client: TusClient, path: str, wrong: str
) -> None:
    answer = client.patch(path, 0, b"0123", Upload_Checksum=wrong)

    assert answer.status == 400
    assert offset(client, path) == 0


# Who may


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
def test_an_upload_is_its_users_alone(
    client: TusClient, context: Services, path: str, method: str
) -> None:
    other = TusClient(client.url, token_of(context, add_user(context)))

    answer = other.request(method, path, Upload_Offset="0", Content_Type=CONTENT_TYPE)

    assert answer.status == 404


def test_without_a_token_nothing_is_told(client: TusClient, path: str) -> None:
    for method, where in (("POST", "/uploads"), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
        answer = client.request(
            method,
            where,
            Authorization=None,
            Upload_Length="1",
            Upload_Offset="0",
            Content_Type=CONTENT_TYPE,
        )

        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_user_who_does_not_exist_may_not_upload(client: TusClient, context: Services) -> None:
    client.token = token_of(context, uuid4())

    assert client.request("POST", "/uploads", Upload_Length="1").status == 403
