"""Every kind of process is killed while videos come in, and in the end nobody can tell."""

import http.client
import os
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, cycle
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError

import swflow
from harness.pipeline import Pipeline, assert_rows_and_files_agree
from harness.swf_server import SwfServer
from harness.tus_client import TusClient, token_of
from harness.users import add_user
from vib.db import migrate
from vib.db.models import Media, MediaStatus, Stage, StageStatus
from vib.db.people import people_in
from vib.local.database import embedded_postgres
from vib.local.processes import Processes
from vib.local.receiver import Receiver
from vib.local.sample import make_sample
from vib.services import Services

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("VIB_CHAOS_SEED", "1"))
KILLS = int(os.environ.get("VIB_CHAOS_KILLS", "11"))  # each once; more by hand
IN_WORK = 2  # videos that are on their way while processes are killed
SERVERS = ("swf", "postgres")
TASK_LISTS = ("upload", "transcode", "faces", "recognise", "notify")  # what videos pass through


@pytest.fixture
def database(postgres_folder: Path) -> Iterator[Engine]:
    """A database on a server of this test's own, which is killed too."""
    with embedded_postgres(postgres_folder / "data") as url:
        engine = create_engine(url)
        migrate.upgrade(engine)
        yield engine
        engine.dispose()


class Fleet:
    """All processes of a pipeline, kept alive as supervisor does, and killed."""

    def __init__(
        self, context: Services, swf: SwfServer, processes: Processes, web: Receiver
    ) -> None:
        self.context = context
        self.popeyes = [f"http://127.0.0.1:{_free_port()}" for _ in range(2)]
        self._swf = swf
        self._pipeline = Pipeline(context, web, processes, add_user(context))
        self._commands = {
            "decider": ("decider",),
            "sync": ("job", "sync", "--every", "5s"),
            **{name: ("worker", name) for name in TASK_LISTS},
            **{
                f"popeye-{number}": ("popeye", "--port", url.rpartition(":")[2])
                for number, url in enumerate(self.popeyes, 1)
            },
        }
        for name in self._commands:
            self._start(name)

    @property
    def names(self) -> list[str]:
        """Whatever can be killed."""
        return [*self._commands, *SERVERS]

    @property
    def user_id(self) -> UUID:
        """Whose the videos are."""
        return self._pipeline.user_id

    def kill(self, name: str, pause: float) -> None:
        """Kill a process with SIGKILL, and start it again after some seconds."""
        if name == "swf":
            self._swf.kill()
            time.sleep(pause)
            self._swf.restart()
        elif name == "postgres":
            self._kill_postgres()
        else:
            self._pipeline.kill(name)
            time.sleep(pause)
            self._start(name)
        self.see_to_all()

    def see_to_all(self) -> None:
        """Make sure that nothing has ended but by a kill."""
        self._pipeline.processes.check()

    def _start(self, name: str) -> None:
        self._pipeline.processes.start(name, "harness.hasty", *self._commands[name])

    def _kill_postgres(self) -> None:
        """Kill a process of the server, which ends all others, and recovers from its log."""
        ours = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        with self.context.engine.connect() as connection:
            backend = connection.scalars(ours).all()[0]
        os.kill(backend, signal.SIGKILL)
        while self.statuses() is None:
            time.sleep(0.1)

    def statuses(self) -> dict[UUID, str] | None:
        """How far each video is; None while the database recovers."""
        try:
            with self.context.sessions() as session:
                return {media.id: media.status for media in session.scalars(select(Media))}
        except OperationalError:
            return None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Uploader:
    """A user's browser, which goes on until each file has arrived."""

    def __init__(self, fleet: Fleet, films: list[bytes], pool: ThreadPoolExecutor) -> None:
        self._token = token_of(fleet.context, fleet.user_id)
        self._popeyes = fleet.popeyes
        self._films = cycle(films)
        self._numbers = count()
        self._pool = pool
        self.uploads: list[Future[UUID]] = []

    def upload_another(self) -> None:
        """Begin to upload a video that nobody has uploaded before."""
        number = next(self._numbers)
        # A box at the end of the file that means nothing, and makes it another file.
        content = next(self._films) + struct.pack(">I4sQ", 16, b"free", number)
        self.uploads.append(self._pool.submit(self._upload, f"film {number}.mp4", content))

    def _upload(self, name: str, content: bytes) -> UUID:
        path: str | None = None
        for url in cycle(self._popeyes):
            client = TusClient(url, self._token)
            try:
                path = path or client.create(len(content), name)
                offset = int(client.head(path).headers["Upload-Offset"])
                if offset == len(content):
                    return UUID(path.rpartition("/")[2])
                client.patch(path, offset, content[offset : offset + len(content) // 3 + 1])
            except (OSError, http.client.HTTPException, AssertionError, TypeError):
                time.sleep(0.2)  # it is not there, or has no database
        raise AssertionError


@pytest.fixture
def films(tmp_path: Path, tiny_video: Path) -> list[bytes]:
    """A film of two people, and films of nobody."""
    make_sample(tmp_path / "party.mp4", seconds=5)
    nobody = tiny_video.read_bytes()
    return [(tmp_path / "party.mp4").read_bytes(), nobody, nobody]


@pytest.fixture
def fleet(
    context: Services,
    swf_server: SwfServer,
    web: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Fleet]:
    tests = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tests.parent / 'src'}{os.pathsep}{tests}")
    with Processes(tmp_path / "logs") as processes:
        yield Fleet(context, swf_server, processes, web)


def test_videos_are_processed_once_whatever_is_killed_meanwhile(
    fleet: Fleet, films: list[bytes], web: Receiver
) -> None:
    random = Random(SEED)  # noqa: S311 - the same for the same seed
    victims = [name for _ in range(KILLS) for name in random.sample(fleet.names, len(fleet.names))]
    with ThreadPoolExecutor(IN_WORK) as pool:
        uploader = Uploader(fleet, films, pool)
        for victim in victims[:KILLS]:
            while len(uploader.uploads) - complete(fleet) < IN_WORK:
                uploader.upload_another()
            time.sleep(random.uniform(0.5, 2.0))
            fleet.kill(victim, random.uniform(0.0, 1.0))
        videos = [upload.result() for upload in uploader.uploads]
    while complete(fleet) < len(videos):
        fleet.see_to_all()
        time.sleep(0.2)

    assert set(fleet.statuses() or ()) == set(videos)
    for number, media_id in enumerate(videos):
        assert_processed_once(fleet.context, media_id, people=0 if number % len(films) else 2)
    assert_rows_and_files_agree(fleet.context)
    assert_heard_once(web, videos)


def complete(fleet: Fleet) -> int:
    """How many videos are complete, as far as can be said."""
    statuses = fleet.statuses() or {}
    assert MediaStatus.FAILED not in statuses.values()
    return sum(status == MediaStatus.COMPLETE for status in statuses.values())


def assert_processed_once(context: Services, media_id: UUID, *, people: int) -> None:
    """Each step is done, each workflow ended well, and nobody is in the video twice."""
    with context.sessions() as session:
        media = session.get_one(Media, media_id)
        stages = session.scalars(select(Stage).filter_by(media_id=media_id)).all()
        assert {stage.stage for stage in stages} == {
            "Transcode", "FaceDetect", "FaceRecognize", "NotifyComplete",
        }  # fmt: skip
        assert {stage.status for stage in stages} == {StageStatus.DONE}
        assert len(people_in(session, media_id)) == people
    assert media.failure is None
    assert how_it_ended(context, str(media_id)) == ["COMPLETED"]
    # One more may find that there is nothing to do: `sync` hands uploads over that wait.
    assert set(how_it_ended(context, f"upload-{media_id}")) == {"COMPLETED"}


def how_it_ended(context: Services, workflow_id: str) -> list[str]:
    """How each execution of a workflow ended."""
    context.swf.execution(workflow_id).result()  # wait for the end
    found = swflow.executions(context.swf, swflow.Query(workflow_id=workflow_id))
    return [info.get("closeStatus", "OPEN") for info in found]


def assert_heard_once(web: Receiver, videos: list[UUID]) -> None:
    """The web application heard of each video once, apart from what it knows to be the same."""
    heard = Counter()
    while not web.messages.empty():
        message = web.messages.get()
        heard[message["mid"], message["status"]] += 1
    assert heard == {(str(media_id), "complete"): 1 for media_id in videos}
