"""Whatever strangers upload ends in a status that is clear to them, and leaves nothing behind."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from harness.hostile_media import HOSTILE
from harness.pipeline import Pipeline, assert_rows_and_files_agree
from harness.tus_client import TusClient, token_of
from vib import keys
from vib.db.models import Media, MediaStatus, Upload, UploadStatus

pytestmark = pytest.mark.slow

SENTENCE = r"\w[^\n]{10,200}\."


def test_every_hostile_file_ends_in_a_clear_status(pipeline: Pipeline) -> None:
    url = pipeline.processes.start_and_read_line("popeye", "vib", "popeye", "--port", "0")
    client = TusClient(url, token_of(pipeline.context, pipeline.user_id))
    names = {}
    for number, (name, (make, _)) in enumerate(HOSTILE.items()):
        content = make()
        path = client.create(len(content), f"film {number}.mp4")
        if content:
            assert client.patch(path, 0, content).status == 204, name
        names[path.rpartition("/")[2]] = name

    for _ in HOSTILE:
        message = pipeline.web.messages.get(timeout=120)
        name = names.pop(message.get("upload", message["mid"]))
        assert_clear(message, name, HOSTILE[name][1])

    assert names == {}
    assert pipeline.web.messages.empty()
    assert_nothing_is_left(pipeline)


def assert_clear(message: dict[str, Any], name: str, sentence: str) -> None:
    """The web application hears why a file is no video, unless it turns out to be one."""
    status, reason = message["status"], message.get("reason", "")
    if sentence:
        assert status in (UploadStatus.REFUSED, MediaStatus.FAILED), name
        assert re.search(sentence, reason), f"{name}: {reason}"
    if status != MediaStatus.COMPLETE:
        assert re.fullmatch(SENTENCE, reason), f"{name}: {reason}"


def assert_nothing_is_left(pipeline: Pipeline) -> None:
    """Nothing goes on; what failed keeps its original alone, what was refused keeps nothing."""
    context = pipeline.context
    with context.sessions() as session:
        videos = session.scalars(select(Media)).all()
        uploads = set(session.scalars(select(Upload.status)))
    for media in videos:
        pipeline.wait_until_closed(media.id)
        assert media.status in (MediaStatus.COMPLETE, MediaStatus.FAILED)
        if media.status == MediaStatus.FAILED:
            assert list(context.storage.keys(str(media.id))) == [keys.original(media.id)]
    assert uploads <= {UploadStatus.STARTED, UploadStatus.REFUSED}
    assert_rows_and_files_agree(context)
    assert list(context.scratch_folder.iterdir()) == []
