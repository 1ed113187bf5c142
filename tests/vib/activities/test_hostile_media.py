"""A hostile file ends the activity for good, with a sentence, and leaves nothing behind."""

import os
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

import swflow
from harness.hostile_media import HOSTILE, mutated, video
from harness.users import add_user, take_in
from vib import keys
from vib.activities.transcode import transcode
from vib.db.models import Asset, Media, MediaStatus, Stage
from vib.errors import BadVideo
from vib.messages import VideoJob
from vib.services import Services
from vib.video import confined

SENTENCE = r"\w[^\n]{10,200}\."
# An unreadable header, and streams that appear on the way.
KNOWN = (100_055, 100_215)
# Those that a probe lets pass, and some that it does not; tests/e2e has all of them.
REACHING = (
    "header says huge",
    "a standing picture for a day",
    "a duration that is no number",
    "a duration without end",
    "a duration below zero",
    "hundreds of streams",
    "a video that is an archive too",
    "text",
    "half, the index in front",
    "an index of billions",
)
SEEDS = int(os.environ.get("VIB_FUZZ", "25"))  # more by hand: VIB_FUZZ=5000 pytest -k mutated


def handed_in(context: Services, path: Path, content: bytes, number: int) -> VideoJob:
    path.write_bytes(content)
    return take_in(context, path, add_user(context), sha256=str(number))


def left(context: Services, job: VideoJob) -> tuple[list[str], int, list[Path]]:
    """The video's stored files, its rows of files, and what is left in the scratch folder."""
    with context.sessions() as session:
        rows = session.scalar(select(func.count(Asset.id)).filter_by(media_id=job.media_id))
    stored = sorted(context.storage.keys(str(job.media_id)))
    return stored, rows or 0, list(context.scratch_folder.iterdir())


@pytest.mark.slow
def test_a_hostile_file_fails_for_good_with_a_sentence(context: Services, tmp_path: Path) -> None:
    for number, name in enumerate(REACHING):
        make, sentence = HOSTILE[name]
        job = handed_in(context, tmp_path / "film", make(), number)
        if not sentence:  # it may be watchable, and then it is
            transcode(job)
            continue

        with pytest.raises(swflow.Failure) as caught:
            transcode(job)

        assert caught.value.retry is False, name
        said = str(caught.value)
        assert re.search(sentence, said), f"{name}: {said}"
        assert re.fullmatch(SENTENCE, said), f"{name}: {said}"
        assert str(job.media_id) not in said
        with context.sessions() as session:
            stage = session.get_one(Stage, (job.media_id, "Transcode"))
            assert (stage.status, stage.detail) == ("failed", said)
        assert left(context, job) == ([keys.original(job.media_id)], 0, []), name


@pytest.mark.slow
def test_a_mutated_file_becomes_a_whole_video_or_a_sentence(tmp_path: Path) -> None:
    for seed in (*KNOWN, *range(SEEDS)):
        path, folder = tmp_path / "film", tmp_path / str(seed)
        path.write_bytes(mutated(seed))
        folder.mkdir()
        files, said = [], ""
        try:
            files = confined.transcode(path, folder)
        except BadVideo as error:
            said = str(error)
        if said:
            assert re.fullmatch(SENTENCE, said), seed
            assert list(folder.iterdir()) == [], seed
        else:
            assert {file.kind for file in files} >= {"main", "poster", "thumbnail"}, seed
            assert all(file.path.stat().st_size == file.bytes for file in files), seed


def test_a_full_disk_is_no_fault_of_the_file(
    context: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = handed_in(context, tmp_path / "film", video(sound=True), 0)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(confined, "transcode", full)

    with pytest.raises(OSError, match="No space left"):  # which SWF has tried again
        transcode(job)

    with context.sessions() as session:
        assert session.get_one(Media, job.media_id).status == MediaStatus.PENDING
