import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from harness.users import add_user
from vib import keys
from vib.db.models import Contact, Media, MediaStatus, Stage
from vib.local.processes import Processes
from vib.popeye.http.tokens import Audience, read
from vib.popeye.ingest import Wishes, ingest
from vib.services import Services

from .conftest import Command


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


@pytest.fixture
def user_id(context: Services) -> UUID:
    return add_user(context)


def settle(context: Services, media_id: UUID, status: MediaStatus) -> None:
    """Close the video's workflow from outside and set its status."""
    context.swf.execution(str(media_id)).terminate("the test says so")
    with context.sessions.begin() as session:
        session.get_one(Media, media_id).status = status


@pytest.fixture
def media_id(context: Services, user_id: UUID, tiny_video: Path) -> UUID:
    """A video that was taken in."""
    return ingest(context, tiny_video, user_id).media_id


# vib process


def test_process_hands_a_file_in_and_says_what_became_of_it(
    context: Services, user_id: UUID, tiny_video: Path, vib: Command
) -> None:
    media_id, album = uuid4(), uuid4()
    arguments = ("process", tiny_video, "--user", user_id)

    first = vib(*arguments, "--skip-faces", "--media", media_id, "--album", album)
    second = vib(*arguments)
    settle(context, media_id, MediaStatus.COMPLETE)
    third = vib(*arguments)
    fourth = vib(*arguments, "--again")

    assert first == (0, f"{media_id} started\n", "")
    assert second == (0, f"{media_id} in progress\n", "")
    assert third == (0, f"{media_id} already there\n", "")
    assert fourth == (0, f"{media_id} started\n", "")
    with context.sessions() as session:
        media = session.get_one(Media, media_id)
    # Nothing is taken from whoever watches it meanwhile.
    assert (media.status, media.album_id) == (MediaStatus.COMPLETE, album)


def test_process_refuses_what_is_no_video_and_who_is_no_user(
    tmp_path: Path, user_id: UUID, vib: Command
) -> None:
    file = tmp_path / "notes.mp4"
    file.write_text("nothing to see")

    no_video = vib("process", file, "--user", user_id)
    nobody = vib("process", file, "--user", "nobody@example.org")

    assert no_video.status == 2
    assert no_video.err.startswith("vib: notes.mp4 is not a video")
    assert nobody == (2, "", "vib: There is no user nobody@example.org.\n")


# vib token


def test_token_prints_what_lets_a_user_upload(
    context: Services, user_id: UUID, vib: Command
) -> None:
    for option, audience in (
        ((), Audience.UPLOAD),
        (("--process",), Audience.PROCESS),
        (("--facebook",), Audience.FACEBOOK),
    ):
        done = vib("token", "--user", user_id, "--skip-faces", *option)

        permit = read(context.upload_secret, done.out.strip(), audience)
        assert (permit.user_id, permit.wishes) == (user_id, Wishes(skip_faces=True))


# vib show


def test_show_tells_all_of_a_video(
    context: Services, user_id: UUID, media_id: UUID, vib: Command
) -> None:
    with context.sessions.begin() as session:
        session.add(Stage(media_id=media_id, stage="Transcode", status="failed", detail="No disk."))

    shown = vib("show", media_id)
    told = json.loads(vib("show", media_id, "--json").out)

    for expected in (str(media_id), str(user_id), "pending", "OPEN", "Transcode", "No disk."):
        assert expected in shown.out
    assert (told["id"], told["status"]) == (str(media_id), "pending")
    assert told["workflow"]["status"] == "OPEN"
    assert [file["key"] for file in told["files"]] == [keys.original(media_id)]
    assert [stage["detail"] for stage in told["stages"]] == ["No disk."]
    assert told["people"] == []


@pytest.mark.usefixtures("context")
def test_show_says_that_there_is_no_such_video(vib: Command) -> None:
    nothing = uuid4()

    assert vib("show", nothing) == (2, "", f"vib: There is no video {nothing}.\n")


# vib people


def test_people_tells_a_users_contacts(context: Services, user_id: UUID, vib: Command) -> None:
    with context.sessions.begin() as session:
        session.add(Contact(user_id=user_id, name="Eileen"))
        session.add(Contact(user_id=add_user(context), name="Somebody else's"))

    shown = vib("people", user_id)
    (told,) = json.loads(vib("people", user_id, "--json").out)

    assert "Eileen" in shown.out
    assert "Somebody" not in shown.out
    assert (told["name"], told["videos"], told["faces"]) == ("Eileen", 0, 0)


# vib retry


def test_retry_of_a_failed_video_starts_over(
    context: Services, media_id: UUID, vib: Command
) -> None:
    settle(context, media_id, MediaStatus.FAILED)

    assert vib("retry", media_id) == (0, f"{media_id} starts over: started\n", "")

    with context.sessions() as session:
        assert session.get_one(Media, media_id).status == MediaStatus.PENDING
    assert context.swf.execution(str(media_id)).is_open()


def test_retry_of_a_video_that_can_be_watched_goes_on_or_starts_over(
    context: Services, media_id: UUID, vib: Command
) -> None:
    settle(context, media_id, MediaStatus.VISIBLE)
    goes_on = vib("retry", media_id)
    settle(context, media_id, MediaStatus.VISIBLE)
    starts_over = vib("retry", media_id, "--from-start")

    assert goes_on == (0, f"{media_id} goes on after nothing\n", "")
    assert starts_over == (0, f"{media_id} starts over: started\n", "")
    with context.sessions() as session:
        assert session.get_one(Media, media_id).status == MediaStatus.VISIBLE


def test_retry_says_what_stands_in_its_way(context: Services, media_id: UUID, vib: Command) -> None:
    nothing = uuid4()

    assert vib("retry", nothing).err == f"vib: There is no video {nothing}.\n"
    assert "is being processed" in vib("retry", media_id).err
    settle(context, media_id, MediaStatus.FAILED)
    context.storage.delete(keys.original(media_id))
    assert "hand the file in again" in vib("retry", media_id).err


# vib inject


@pytest.mark.slow
def test_inject_has_a_worker_run_one_activity(
    context: Services, media_id: UUID, vib: Command, tmp_path: Path
) -> None:
    with Processes(tmp_path / "logs") as processes:
        processes.start("worker", "vib", "worker", "notify")

        done = vib("inject", "NotifyComplete", media_id, "--timeout", 60)

    assert done == (0, "null\n", "")
    with context.sessions() as session:
        assert session.get_one(Media, media_id).status == MediaStatus.COMPLETE


def test_inject_says_what_there_is_not(media_id: UUID, vib: Command) -> None:
    nothing = uuid4()

    wrong = vib("inject", "Transkode", media_id)

    assert wrong.status == 2
    assert "There is no activity 'Transkode'; there are Upload, Transcode" in wrong.err
    assert "no upload" in vib("inject", "Transcode", nothing).err


# vib forget


def test_forget_removes_a_video_for_good(context: Services, media_id: UUID, vib: Command) -> None:
    assert vib("forget", "video", media_id) == (0, "", "")

    with context.sessions() as session:
        assert session.scalars(select(Media).filter_by(id=media_id)).all() == []
    assert list(context.storage.keys(str(media_id))) == []


@pytest.mark.usefixtures("shared_context")
@pytest.mark.parametrize("what", ["video", "contact", "user"])
def test_forget_says_when_there_is_nothing_to_forget(what: str, vib: Command) -> None:
    unknown = uuid4()

    assert vib("forget", what, unknown) == (2, "", f"vib: There is no {what} {unknown}.\n")
