import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from harness.pipeline import Pipeline
from harness.tus_client import TusClient, token_of
from vib import keys
from vib.db.models import MediaStatus
from vib.popeye.ingest import Wishes

pytestmark = pytest.mark.slow


def start_popeye(pipeline: Pipeline, name: str) -> str:
    """Where a Popeye listens that is a process of its own."""
    return pipeline.processes.start_and_read_line(name, "vib", "popeye", "--port", "0")


def send(client: TusClient, path: str, content: bytes) -> None:
    """Send what is missing of an upload."""
    start = int(client.head(path).headers["Upload-Offset"])
    assert client.patch(path, start, content[start:]).status == 204


def heard(pipeline: Pipeline) -> dict[str, str]:
    """What the web application hears next."""
    message: dict[str, str] = pipeline.web.messages.get(timeout=240)
    return message


def test_an_upload_goes_on_with_another_popeye_after_its_own_was_killed_and_is_processed_once(
    pipeline: Pipeline, tiny_video: Path
) -> None:
    content = tiny_video.read_bytes()
    one, other = (start_popeye(pipeline, name) for name in ("popeye-1", "popeye-2"))
    token = token_of(pipeline.context, pipeline.user_id)
    client = TusClient(one, token)

    path = client.create(len(content), "party.mp4")
    client.patch(path, 0, content[:500])
    pipeline.kill("popeye-1")
    client.url = other
    send(client, path, content)
    first = heard(pipeline)
    again = client.create(len(content), "the same.mp4")
    send(client, again, content)
    second = heard(pipeline)

    media_id = UUID(path.rpartition("/")[2])
    assert (first["mid"], first["status"]) == (str(media_id), "complete")
    assert (second["mid"], second["status"]) == (str(media_id), "already there")
    assert second["upload"] == again.rpartition("/")[2]
    assert pipeline.media(media_id).status == MediaStatus.COMPLETE
    assert pipeline.media(media_id).filename == "party.mp4"
    assert list(pipeline.context.storage.folders()) == [str(media_id), keys.UPLOADS]
    assert list(pipeline.context.storage.keys(keys.UPLOADS)) == []


def test_the_web_application_hears_what_becomes_of_files(
    pipeline: Pipeline, tiny_video: Path
) -> None:
    url = start_popeye(pipeline, "popeye")
    album = UUID(int=1)
    wishes = Wishes(skip_faces=True, album_id=album)
    client = TusClient(url, token_of(pipeline.context, pipeline.user_id, wishes=wishes))

    for name, content, status in (
        ("notes.mp4", b"nothing to see", "refused"),
        ("party.mp4", tiny_video.read_bytes(), "complete"),
    ):
        send(client, client.create(len(content), name), content)
        message = heard(pipeline)

        assert message["status"] == status
        if status == "refused":
            assert message["reason"].startswith("notes.mp4 is not a video")
        else:
            assert message["album"] == str(album)
    media_id = message["mid"]
    pipeline.wait_until_closed(UUID(media_id))  # a step's line is written when it is done
    for worker, step, workflow_id in (
        ("upload", "Upload", f"upload-{media_id}"),
        ("transcode", "Transcode", media_id),
        ("notify", "NotifyComplete", media_id),
    ):
        logged = lines_of(pipeline, worker)
        (line,) = [
            line for line in logged if line.get("workflowId") == workflow_id and "step" in line
        ]
        assert (line["step"], line["user_uuid"]) == (step, str(pipeline.user_id))
        assert line["seconds"] > 0
        assert {"runId", "activityId", "attempt", "domain"} <= set(line)


def lines_of(pipeline: Pipeline, process: str) -> list[dict[str, Any]]:
    """What a process has logged, every line a JSON object."""
    text = pipeline.processes._log_path(process).read_text()
    return [json.loads(line) for line in text.splitlines()]
