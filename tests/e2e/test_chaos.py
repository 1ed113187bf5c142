"""Every kind of process is killed while it has work to do, and in the end nobody can tell."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import skimage.data
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, func, select

import swflow
from harness.aws import aws
from harness.aws_json import served
from harness.batch import Batch, Crowd, Friendship, Uploader, Video
from harness.fleet import Fleet
from harness.graph import TOKEN, Graph
from harness.graph import served as served_graph
from harness.mturk import MTurk, asking
from harness.pipeline import assert_rows_and_files_agree
from harness.queues import Queues, make_queues
from harness.swf_server import SwfServer
from harness.tracks import results
from vib import executions
from vib.contacts.questions import workflow_id as asking_id
from vib.db import migrate
from vib.db.models import (
    Contact,
    JobRun,
    Media,
    MediaStatus,
    Question,
    Stage,
    StageStatus,
)
from vib.db.people import people_in
from vib.facebook.names import workflow_id as friends_id
from vib.jobs.registry import JOBS
from vib.local.database import embedded_postgres
from vib.local.receiver import Receiver
from vib.local.sample import make_sample
from vib.messages import VideoJob
from vib.services import Services

SEED = int(os.environ.get("VIB_CHAOS_SEED", "1"))
KILLS = int(os.environ.get("VIB_CHAOS_KILLS", "0"))  # or each kind once

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 10 * KILLS)]


@pytest.fixture
def random() -> Random:
    """The same for the same seed."""
    return Random(SEED)  # noqa: S311 - no secret


@pytest.fixture
def database(postgres_folder: Path) -> Iterator[Engine]:
    """A database on a server of this test's own, which is killed too."""
    with embedded_postgres(postgres_folder / "data") as url:
        engine = create_engine(url)
        migrate.upgrade(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def aws_url() -> Iterator[str]:
    with aws() as url:
        yield url


@pytest.fixture
def crowd(random: Random) -> Crowd:
    return Crowd(MTurk(), random)


@pytest.fixture
def context(
    context: Services,  # noqa: ARG001 - its environment, with changes
    aws_url: str,
    crowd: Crowd,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """The services of a fleet: files in Amazon S3, questions at Mechanical Turk."""
    tests = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tests.parent / 'src'}{os.pathsep}{tests}")
    with served(crowd.mturk) as mturk_url:
        yield asking(mturk_url, aws_url, monkeypatch)


@pytest.fixture
def graph() -> Iterator[Graph]:
    """A Facebook whose user has four friends, on two pages; two show a face."""
    with served_graph(Graph()) as graph:
        for number, name in enumerate(("astronaut", "coffee", "astronaut"), 1):
            picture = BytesIO()
            Image.fromarray(getattr(skimage.data, name)()).save(picture, "JPEG")
            graph.add(number, f"Friend {number}", picture.getvalue())
        graph.add(4, "Nobody in Sight")
        yield graph


@pytest.fixture
def queues(
    context: Services, aws_url: str, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> Queues:
    """The queue of requests, a user's in order, named by the environment as that Facebook is."""
    assert context
    queues = make_queues(aws_url, in_order=True, VisibilityTimeout="3")
    for name, value in {**queues.settings, "VIB_FACEBOOK_GRAPH_URL": graph.url}.items():
        monkeypatch.setenv(name, value)
    return queues


@pytest.fixture
def fleet(
    context: Services,
    queues: Queues,
    swf_server: SwfServer,
    random: Random,
    tmp_path: Path,
) -> Iterator[Fleet]:
    assert queues
    with Fleet(context, swf_server, tmp_path / "logs", random) as fleet:
        yield fleet


@pytest.fixture
def films(tmp_path: Path, tiny_video: Path) -> tuple[bytes, bytes]:
    """A film of two people, and one of nobody."""
    party = tmp_path / "party.mp4"
    make_sample(party, seconds=5)
    return party.read_bytes(), tiny_video.read_bytes()


@pytest.fixture
def batch(
    context: Services, fleet: Fleet, crowd: Crowd, queues: Queues, films: tuple[bytes, bytes]
) -> Iterator[Batch]:
    with ThreadPoolExecutor() as pool:
        uploader = Uploader(context, fleet.popeyes, pool)
        yield Batch(context, uploader, crowd, queues, films)


def test_all_is_done_once_whatever_is_killed_meanwhile(
    fleet: Fleet, batch: Batch, random: Random, web: Receiver, tmp_path: Path
) -> None:
    batch.begin()
    for victim in victims(fleet, random):
        batch.go_on()
        time.sleep(random.uniform(0.5, 2.0))
        fleet.kill(victim)
    while not batch.is_done():
        fleet.see_to_all()
        time.sleep(0.2)

    context = batch.context
    for video in batch.videos:
        assert_processed_once(context, video)
    assert_people_were_asked_once(context, batch.crowd)
    for friendship in batch.friendships:
        assert_has_friends_once(context, friendship)
    for job in batch.orphans:
        assert_rescued_once(context, job)
    assert_rows_and_files_agree(context)
    assert_heard_once(context, web, batch.videos)
    assert_jobs_came_to_their_end(context)
    assert_no_secret_in(context, tmp_path / "logs")


def victims(fleet: Fleet, random: Random) -> list[str]:
    """Who is killed, one after another: each kind once before any is again."""
    number = KILLS or len(fleet.names)
    rounds = -(-number // len(fleet.names))
    in_turn = [name for _ in range(rounds) for name in random.sample(fleet.names, len(fleet.names))]
    return in_turn[:number]


def assert_processed_once(context: Services, video: Video) -> None:
    """Each step is done, each workflow ended well, and nobody is in the video twice."""
    media_id = video.media_id
    with context.sessions() as session:
        media = session.get_one(Media, media_id)
        stages = session.scalars(select(Stage).filter_by(media_id=media_id)).all()
        assert {stage.stage for stage in stages} == {
            "Transcode", "FaceDetect", "FaceRecognize", "NotifyComplete",
        }  # fmt: skip
        assert {stage.status for stage in stages} == {StageStatus.DONE}
        assert len(people_in(session, media_id)) == video.people
    assert (media.status, media.failure) == (MediaStatus.COMPLETE, None)
    assert how_it_ended(context, str(media_id)) == ["COMPLETED"]
    # One more may find that there is nothing to do: `sync` hands uploads over that wait.
    assert set(how_it_ended(context, f"upload-{media_id}")) == {"COMPLETED"}
    if video.is_hard:
        assert how_it_ended(context, asking_id(media_id)) == ["COMPLETED"]
        found = results(context, VideoJob(media_id, video.user_id)).values()
        assert {result for result, _ in found} == {"human_recognized"}


def how_it_ended(context: Services, workflow_id: str) -> list[str]:
    """How each execution of a workflow ended."""
    context.swf.execution(workflow_id).result()  # wait for the end
    found = swflow.executions(context.swf, swflow.Query(workflow_id=workflow_id))
    return [info.get("closeStatus", "OPEN") for info in found]


def assert_people_were_asked_once(context: Services, crowd: Crowd) -> None:
    """There was one HIT for every question, and what came of it is applied."""
    with context.sessions() as session:
        questions = session.scalars(select(Question)).all()
    assert sorted(crowd.mturk.made) == sorted(f"vib vib {question.id}" for question in questions)
    assert all(question.closed_at is not None for question in questions)


def assert_has_friends_once(context: Services, friendship: Friendship) -> None:
    """Every friend is one contact, two have a face; of whom did not stay there is nothing."""
    theirs = {"user_id": friendship.user_id}
    with context.sessions() as session:
        friends = session.scalars(select(Contact).filter_by(**theirs)).all()
        pictures = session.scalars(
            select(func.count()).select_from(Media).filter_by(**theirs)
        ).one()
    if friendship.stays:
        assert sorted(friend.provider_id or "" for friend in friends) == ["1", "2", "3", "4"]
        assert pictures == sum(friend.picture_key is not None for friend in friends) == 2
    else:
        assert (friends, pictures) == ([], 0)
    assert set(how_it_ended(context, friends_id(friendship.user_id))) == {"COMPLETED"}


def assert_rescued_once(context: Services, job: VideoJob) -> None:
    """Each track is somebody new."""
    found = results(context, job)
    assert [result for result, _ in found.values()] == ["new_face", "new_face"]
    assert len({contact_id for _, contact_id in found.values()} - {None}) == 2


def assert_heard_once(context: Services, web: Receiver, videos: list[Video]) -> None:
    """The web application heard of each video once, apart from what it knows to be the same."""
    heard: Counter[tuple[UUID, str]] = Counter()
    while not web.messages.empty():
        message = web.messages.get()
        heard[UUID(message["mid"]), message["status"]] += 1
    expected = [(video.media_id, "complete") for video in videos]
    expected += [
        (video.media_id, "people")
        for video in videos
        if executions.latest(context.swf, asking_id(video.media_id))
    ]
    assert heard == Counter(expected)


def assert_jobs_came_to_their_end(context: Services) -> None:
    """No job was kept from its work for good."""
    with context.sessions() as session:
        assert set(session.scalars(select(JobRun.name))) == set(JOBS)


def assert_no_secret_in(context: Services, logs: Path) -> None:
    """Whatever went wrong, nobody can read a secret in what was said of it."""
    settings = context.settings.model_dump().values()
    secrets = {each.get_secret_value() for each in settings if isinstance(each, SecretStr)}
    said = "".join(path.read_text() for path in logs.iterdir())
    assert said
    assert [secret for secret in (*secrets, TOKEN) if secret in said] == []
