"""What a pipeline is asked for while its processes die, by users who do not give up."""

import http.client
import struct
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import cycle
from random import Random
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from harness.mturk import Hit, MTurk
from harness.queues import Queues, link, unlink
from harness.tracks import add_contact, add_track, add_video, looks, results
from harness.tus_client import TusClient, token_of
from harness.users import add_user
from vib import executions
from vib.contacts.questions import workflow_id as asking_id
from vib.db.models import Contact, Feature, Link, Media, MediaStatus
from vib.messages import VideoJob
from vib.services import Services

_IN_WORK = 2  # videos that are on their way


@dataclass(frozen=True)
class Video:
    """A video that a user uploads, with so many people in it; whether they are hard to tell."""

    upload: Future[UUID]
    user_id: UUID
    people: int
    is_hard: bool = False

    @property
    def media_id(self) -> UUID:
        return self.upload.result()


class Uploader:
    """Browsers, which go on until each file has arrived."""

    def __init__(self, context: Services, popeyes: Sequence[str], pool: Executor) -> None:
        self._context = context
        self._popeyes = popeyes
        self._pool = pool
        self._number = 0

    def upload(self, film: bytes, user_id: UUID) -> Future[UUID]:
        """Begin to upload a video that nobody has uploaded before; its id."""
        self._number += 1
        # A box at the end of the file that means nothing, and makes it another file.
        content = film + struct.pack(">I4sQ", 16, b"free", self._number)
        token = token_of(self._context, user_id)
        return self._pool.submit(self._upload, token, f"film {self._number}.mp4", content)

    def _upload(self, token: str, name: str, content: bytes) -> UUID:
        path: str | None = None
        for url in cycle(self._popeyes):
            client = TusClient(url, token)
            try:
                path = path or client.create(len(content), name)
                offset = int(client.head(path).headers["Upload-Offset"])
                if offset == len(content):
                    return UUID(path.rpartition("/")[2])
                client.patch(path, offset, content[offset : offset + len(content) // 3 + 1])
            except (OSError, http.client.HTTPException, AssertionError, TypeError):
                time.sleep(0.2)  # it is not there, or has no database
        raise AssertionError


@dataclass(frozen=True)
class Crowd:
    """Mechanical Turk's workers: some do not agree, and some talk nonsense."""

    mturk: MTurk
    random: Random

    def work(self) -> None:
        """Answer what can be answered now."""
        for hit in list(self.mturk.hits.values()):
            while not hit.is_done:
                self._answer(hit)

    def _answer(self, hit: Hit) -> None:
        number = len(hit.assignments)
        choices = {name: values[0] for name, values in hit.choices.items()}
        if number == 0 and self.random.random() < 0.5:
            choices = {}
        elif number == 1 and self.random.random() < 0.5:
            choices = {name: values[-1] for name, values in hit.choices.items()}
        self.mturk.submit(hit, f"W{number}", choices)


@dataclass
class Friendship:
    """A user who links themselves to Facebook, and maybe unlinks themselves again."""

    user_id: UUID
    stays: bool
    queues: Queues
    status: Callable[[UUID], str | None]
    has_unlinked: bool = False

    def begin(self) -> None:
        """Ask for it, and once more to be sure."""
        for _ in range(2):
            self.queues.send(link(self.user_id), str(self.user_id))

    def is_as_wished(self) -> bool:
        """Look how far it is, and ask for what comes next."""
        status = self.status(self.user_id)
        # The queue is to keep the order, but this one delivers a user's next message while somebody
        # who was killed has the one before in hand.
        is_next = self.queues.left() == (0, 0)
        if status == "linked" and is_next and not self.stays and not self.has_unlinked:
            self.queues.send(unlink(self.user_id), str(self.user_id))
            self.has_unlinked = True
        return status == ("linked" if self.stays else None) and self.stays != self.has_unlinked


class Batch:
    """All that is asked for.

    Attributes:
        context: the services.
        crowd: who answers.
        videos: what was uploaded.
        friendships: who was linked to Facebook.
        orphans: videos with two tracks of faces that nobody has looked at.
        nonsense: messages that nobody understands.
        dead_letters: those that were found in the dead-letter queue.
    """

    def __init__(
        self,
        context: Services,
        uploader: Uploader,
        crowd: Crowd,
        queues: Queues,
        films: tuple[bytes, bytes],
    ) -> None:
        """Nothing is asked for yet; the first film is of two people, the second of nobody."""
        self.context = context
        self.crowd = crowd
        self.videos: list[Video] = []
        self.friendships: list[Friendship] = []
        self.orphans: list[VideoJob] = []
        self.nonsense: list[str] = []
        self.dead_letters: set[str] = set()
        self._uploader = uploader
        self._queues = queues
        self._party, self._nobody = films
        self._user_id = add_user(context)
        self._people: list[NDArray[np.float32]] = []

    def begin(self) -> None:
        """Have one video processed in peace; people of others will look somewhat like its."""
        self._upload(self._party, self._user_id, people=2)
        while self._on_their_way():
            time.sleep(0.1)
        with self.context.sessions() as session:
            for contact_id in session.scalars(select(Contact.id).filter_by(user_id=self._user_id)):
                seen = select(Feature.embedding).filter_by(contact_id=contact_id)
                self._people.append(np.mean(session.scalars(seen).all(), axis=0))

    def go_on(self) -> None:
        """Ask for more where there is not enough to do."""
        self.crowd.work()
        while self._on_their_way() < _IN_WORK:
            self._upload_another()
        if all(each.is_as_wished() for each in self.friendships):
            self._befriend()
            self.nonsense.append(f"nonsense {len(self.nonsense)}")
            self._queues.send(self.nonsense[-1], "somebody")
            self._leave_faces()

    def is_done(self) -> bool:
        """Whether everything has become what it should; goes on with what is not."""
        self.crowd.work()
        self.dead_letters |= {body for body, _ in self._queues.dead()}
        return (
            not self._on_their_way()
            and all(each.is_as_wished() for each in self.friendships)
            and self.dead_letters >= set(self.nonsense)
            and self._queues.left() == (0, 0)
            and not any(self._is_asked_about(each) for each in self.videos)
            and not self.crowd.mturk.hits
            and all(self._is_rescued(job) for job in self.orphans)
        )

    def _upload_another(self) -> None:
        kind = len(self.videos) % 4
        if kind == 0:
            self._upload(self._party, self._user_id, people=2)
        elif kind == 2:
            self._upload(self._party, self._user_with_doubles(), people=2, is_hard=True)
        else:
            self._upload(self._nobody, self._user_id, people=0)

    def _upload(self, film: bytes, user_id: UUID, *, people: int, is_hard: bool = False) -> None:
        upload = self._uploader.upload(film, user_id)
        self.videos.append(Video(upload, user_id, people, is_hard))

    def _user_with_doubles(self) -> UUID:
        """A user whose contacts look like the people of the film, but not so much."""
        user_id = add_user(self.context)
        away = looks(0.55)
        for person in self._people:
            add_contact(self.context, user_id, person + away)
        return user_id

    def _on_their_way(self) -> int:
        count = select(func.count()).select_from(Media)
        with self.context.sessions() as session:
            films = Media.filename.like("film %")
            assert not session.scalar(count.where(films, Media.status == MediaStatus.FAILED))
            complete = session.scalars(count.where(films, Media.status == MediaStatus.COMPLETE))
            return len(self.videos) - complete.one()

    def _is_asked_about(self, video: Video) -> bool:
        """Whether people are asked about a video now."""
        asking = executions.latest(self.context.swf, asking_id(video.media_id))
        return asking is not None and asking.is_open()

    def _befriend(self) -> None:
        user_id, stays = add_user(self.context), len(self.friendships) % 2 == 0
        self.friendships.append(Friendship(user_id, stays, self._queues, self._link_of))
        self.friendships[-1].begin()

    def _link_of(self, user_id: UUID) -> str | None:
        with self.context.sessions() as session:
            return session.scalar(select(Link.status).filter_by(user_id=user_id))

    def _leave_faces(self) -> None:
        job = add_video(self.context, self._user_id, MediaStatus.COMPLETE)
        for track_id in (1, 2):
            add_track(self.context, job, track_id, looks(10.0 * track_id))
        self.orphans.append(job)

    def _is_rescued(self, job: VideoJob) -> bool:
        return all(result is not None for result, _ in results(self.context, job).values())
