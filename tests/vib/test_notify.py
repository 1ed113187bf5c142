import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3
from pydantic import HttpUrl, SecretStr

from swflow.testing import Environment
from vib import notify
from vib.activities.upload import upload
from vib.local.receiver import receiver
from vib.messages import UploadJob, UploadOutcome
from vib.notify import (
    REPLAY_WINDOW,
    SIGNATURE_HEADER,
    BadSignature,
    NotifyError,
    WebApplication,
    sign,
    verify,
)
from vib.services import Services
from vib.settings import Settings
from vib.workflows.upload_video import upload_video

SECRET = "a secret"  # noqa: S105 - of these tests only
BODY = b'{"mid": "1"}'
USER, VIDEO = uuid4(), uuid4()


def post(url: str, body: bytes, signature: str) -> int:
    headers = {SIGNATURE_HEADER: signature}
    return urllib3.request("POST", url, body=body, headers=headers, retries=False).status


def now() -> int:
    return int(time.time())


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """Where a web application listens that does what it is told with a request and its body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_web_application_hears_a_signed_message() -> None:
    with receiver(SECRET) as web:
        WebApplication(web.url, SECRET).tell(USER, VIDEO, "complete", album="a", reason=None)

        message = web.messages.get(timeout=5)
    assert message.pop("id")
    assert message == {"uid": str(USER), "mid": str(VIDEO), "status": "complete", "album": "a"}


def test_a_message_signed_with_another_secret_is_refused_and_not_heard() -> None:
    with receiver(SECRET) as web:
        with pytest.raises(NotifyError, match="answered with status 403"):
            WebApplication(web.url, "another secret").tell(USER, VIDEO, "complete")

        assert web.messages.empty()


def test_a_message_that_comes_again_is_accepted_and_heard_once() -> None:
    body = json.dumps({"id": "1", "mid": "m"}).encode()
    with receiver(SECRET) as web:
        statuses = [post(web.url, body, sign(SECRET, body, now() - age)) for age in (0, 0, 9)]

        assert statuses == [204, 204, 204]
        assert web.messages.qsize() == 1


def test_a_message_that_somebody_kept_is_refused_after_the_replay_window() -> None:
    with receiver(SECRET) as web:
        kept = sign(SECRET, BODY, now() - REPLAY_WINDOW - 1)

        assert post(web.url, BODY, kept) == 403
        assert web.messages.empty()


@pytest.mark.parametrize("body", [b"nothing of JSON", b"[]", b"{}"])
def test_a_signed_message_that_is_none_is_refused(body: bytes) -> None:
    with receiver(SECRET) as web:
        assert post(web.url, body, sign(SECRET, body, now())) == 400
        assert web.messages.empty()


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_an_answer_that_is_no_success_is_an_error_to_try_again_after(status: int) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Location", "/elsewhere")
        handler.end_headers()

    with answering(answer) as url, pytest.raises(NotifyError, match=f"with status {status}"):
        WebApplication(url, SECRET).tell(USER, VIDEO, "complete")


def test_a_message_is_sent_until_it_is_accepted_and_has_one_id_all_the_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statuses = [500, 503, 404, 204]
    bodies: list[bytes] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        bodies.append(body)
        verify(SECRET, body, handler.headers[SIGNATURE_HEADER], time.time())
        handler.send_response(statuses[len(bodies) - 1])
        handler.end_headers()

    job = UploadJob(uuid4(), USER)
    outcome = UploadOutcome(job.upload_id, VIDEO, "refused", "It is no video.")
    with answering(answer) as url, Environment() as env:
        told = nothing_else()
        told.web = WebApplication(url, SECRET)
        monkeypatch.setattr("vib.activities.notify_upload.services", lambda: told)
        env.replace(upload, lambda _: outcome)

        assert env.run(upload_video, job) == outcome

    assert len(bodies) == 4
    assert len(set(bodies)) == 1


def nothing_else() -> Services:
    """Services of which nothing is there."""
    nowhere = Path("/nowhere")
    return Services(
        Settings(
            database_url=SecretStr("postgresql+psycopg2://127.0.0.1:9/"),
            storage_folder=nowhere,
            scratch_folder=nowhere,
            swf_region="us-east-1",
            notify_url=HttpUrl("http://127.0.0.1:9/"),
            notify_secret=SecretStr(SECRET),
        )
    )


def test_an_application_that_does_not_answer_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard_enough = threading.Event()
    monkeypatch.setattr(notify, "TIMEOUT", urllib3.Timeout(connect=5, read=0.1))
    with answering(lambda *_: bool(heard_enough.wait(30)) and None) as url:
        with pytest.raises(NotifyError, match="could not be reached"):
            WebApplication(url, SECRET).tell(USER, VIDEO, "complete")
        heard_enough.set()


def test_an_application_that_is_not_there_is_an_error_that_names_it() -> None:
    with receiver(SECRET) as web:
        gone = web.url

    with pytest.raises(NotifyError, match=f"{gone} could not be reached"):
        WebApplication(gone, SECRET).tell(USER, VIDEO, "complete")


def test_a_fresh_signature_is_accepted() -> None:
    verify(SECRET, BODY, sign(SECRET, BODY, 1_000), now=1_000 + REPLAY_WINDOW)


def test_a_signature_is_not_accepted_again_after_the_replay_window() -> None:
    with pytest.raises(BadSignature, match="too old"):
        verify(SECRET, BODY, sign(SECRET, BODY, 1_000), now=1_001 + REPLAY_WINDOW)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        verify(SECRET, BODY + b" ", sign(SECRET, BODY, 1_000), now=1_000)


@pytest.mark.parametrize(
    "signature", ["", "v1=00", "t=,v1=00", "t=²,v1=00", "t=1.5,v1=00", "nonsense"]
)
def test_a_signature_without_a_time_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature, match="no time"):
        verify(SECRET, BODY, signature, now=time.time())


def test_a_signature_with_letters_beyond_ascii_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        verify(SECRET, BODY, "t=1000,v1=ü", now=1_000)
