import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import create_engine

from harness.pipeline import wait_until
from harness.popeye import serving
from harness.tus_client import Answer, TusClient, token_of
from vib.db.models import Upload
from vib.popeye.http.server import build
from vib.popeye.http.tokens import Audience
from vib.popeye.received import assemble
from vib.services import Services


@pytest.fixture
def operator(context: Services, popeye: str, user_id: UUID) -> TusClient:
    """The web application, which may name files that are there already."""
    return TusClient(popeye, token_of(context, user_id, Audience.PROCESS))


def process(client: TusClient, order: object) -> Answer:
    return client.request("POST", "/process", json.dumps(order).encode())


def taken(context: Services, answer: Answer, folder: Path) -> tuple[Upload, bytes]:
    """The upload that came of it, and its content."""
    with context.sessions() as session:
        upload = session.get_one(Upload, UUID(json.loads(answer.body)["upload"]))
    assemble(context, upload, folder / "assembled")
    return upload, (folder / "assembled").read_bytes()


def store(context: Services, key: str, folder: Path) -> str:
    path = folder / "source"
    path.write_bytes(b"content")
    context.storage.save(key, path)
    return key


def test_a_file_in_the_storage_is_processed_by_its_key(
    operator: TusClient, context: Services, tmp_path: Path
) -> None:
    key = store(context, f"incoming/{uuid4()}/party.mp4", tmp_path)

    answer = process(operator, {"key": key})

    assert answer.status == 202
    upload, content = taken(context, answer, tmp_path)
    assert content == b"content"
    assert (upload.filename, upload.status) == ("party.mp4", "received")
    assert answer.headers["Location"] == f"/uploads/{upload.id}"
    assert context.swf.execution(f"upload-{upload.id}").is_open()


def test_a_file_below_the_allowed_folder_is_processed_by_its_path(
    operator: TusClient, context: Services, tmp_path: Path
) -> None:
    allowed = context.settings.process_folder
    assert allowed is not None
    path = allowed / "party.mp4"
    path.write_bytes(b"content")

    for named in ("party.mp4", str(path)):
        answer = process(operator, {"path": named, "filename": "Our party.mp4"})

        upload, content = taken(context, answer, tmp_path)
        assert (content, upload.filename) == (b"content", "Our party.mp4")
    assert path.exists()


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"key": "incoming/nothing"}, "Nothing is stored"),
        ({"key": "8d3f/8d3f"}, "is not below incoming/"),
        ({"key": "incoming/../8d3f/8d3f"}, "is no storage key"),
        ({"path": "nothing.mp4"}, "There is no file"),
        ({"path": "/etc/passwd"}, "is not below"),
        ({"path": "../storage"}, "is not below"),
        ({"path": "."}, "There is no file"),
    ],
)
def test_what_may_not_be_processed_is_refused_with_a_sentence(
    operator: TusClient, order: object, sentence: str
) -> None:
    answer = process(operator, order)

    assert answer.status == 422
    assert sentence in answer.body.decode()


def test_a_link_does_not_lead_out_of_the_allowed_folder(
    operator: TusClient, context: Services
) -> None:
    allowed = context.settings.process_folder
    assert allowed is not None
    (allowed / "link").symlink_to("/etc/passwd")

    assert process(operator, {"path": "link"}).status == 422


@pytest.mark.parametrize("order", [{}, {"key": "a", "path": "b"}, {"kee": "a"}, [], "x" * 70_000])
def test_a_request_that_is_not_understood_is_refused(operator: TusClient, order: object) -> None:
    assert process(operator, order).status in (400, 413)


def test_who_may_upload_may_not_name_files(client: TusClient) -> None:
    assert process(client, {"key": "incoming/a"}).status == 401


def test_an_upload_tells_what_became_of_it(client: TusClient) -> None:
    path = client.create(10)
    client.patch(path, 0, b"0123")

    answer = client.request("GET", path)

    assert answer.status == 200
    assert json.loads(answer.body) == {
        "upload": path.rpartition("/")[2],
        "media": path.rpartition("/")[2],
        "status": "receiving",
        "reason": None,
        "received": 4,
        "length": 10,
    }


def test_health_is_that_the_database_is_there(context: Services, client: TusClient) -> None:
    assert client.request("GET", "/health").status == 200

    away = Services(context.settings)
    away.engine = create_engine("postgresql+psycopg2://vib@127.0.0.1:9/vib")
    with serving(away) as (_, url):
        assert TusClient(url, None).request("GET", "/health").status == 503


def test_web_pages_of_the_origins_that_are_set_may_upload(client: TusClient) -> None:
    asked = {
        "Access_Control_Request_Method": "PATCH",
        "Access_Control_Request_Headers": "upload-offset,tus-resumable,authorization",
    }
    for origin, status in (("https://web.example.org", 200), ("https://evil.example.org", 400)):
        answer = client.request(
            "OPTIONS", "/uploads", Origin=origin, Authorization=None, Tus_Resumable=None, **asked
        )
        assert answer.status == status

    answer = client.request("POST", "/uploads", Origin="https://web.example.org", Upload_Length="1")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://web.example.org"
    assert "Upload-Offset" in answer.headers["Access-Control-Expose-Headers"]
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]


def test_requests_and_bytes_are_counted(client: TusClient) -> None:
    def counted() -> tuple[float, float]:
        patches = {"method": "PATCH", "status": "204"}
        return (
            REGISTRY.get_sample_value("vib_popeye_request_seconds_count", patches) or 0,
            REGISTRY.get_sample_value("vib_popeye_received_bytes_total") or 0,
        )

    before = counted()
    client.patch(client.create(10), 0, b"0123")

    wait_until(lambda: counted() == (before[0] + 1, before[1] + 4))  # told after the answer


def test_a_popeye_without_a_key_for_tokens_does_not_start(context: Services) -> None:
    settings = context.settings.model_copy(update={"upload_secret": None})

    with pytest.raises(Exception, match="VIB_UPLOAD_SECRET is missing"):
        build(Services(settings))
