from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vib.faces.results import RecognitionResult

EMBEDDING_SIZE = 128


class MediaStatus(StrEnum):
    """How far a video is. FAILED is never reached from VISIBLE: what can be watched stays so."""

    PENDING = "pending"
    VISIBLE = "visible"
    COMPLETE = "complete"
    FAILED = "failed"


class MediaType(StrEnum):
    """What a row of `media` is: a video that somebody uploaded, or the picture of a friend."""

    ORIGINAL = "original"
    FB_FACE = "fb_face"


class LinkStatus(StrEnum):
    """How far a user's friends of another service are on their way to being contacts."""

    ASKED = "asked"
    LISTING = "listing"
    LISTED = "listed"
    LINKED = "linked"
    FAILED = "failed"
    UNLINKING = "unlinking"


class UploadStatus(StrEnum):
    """How far an upload is; the last four are what became of the file."""

    RECEIVING = "receiving"
    RECEIVED = "received"
    STARTED = "started"
    IN_PROGRESS = "in progress"
    ALREADY_THERE = "already there"
    REFUSED = "refused"


class AssetType(StrEnum):
    """What a stored file is to its video."""

    ORIGINAL = "original"
    MAIN = "main"
    POSTER = "poster"
    POSTER_ANIMATED = "poster_animated"
    THUMBNAIL = "thumbnail"
    IMAGE = "image"
    FACE = "face"
    FB_FACE = "fb_face"


class StageStatus(StrEnum):
    """How far one stage of the pipeline is with one video."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class QuestionKind(StrEnum):
    """What people are asked: which tracks of a video are one person, or who somebody is."""

    MERGE = "merge"
    RECOGNIZE = "recognize"


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A check that `column` holds one of an enumeration's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(DeclarativeBase):
    """Constraint names are fixed, so that a migration can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB}  # noqa: RUF012


class User(Base):
    """Somebody who uploads videos."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Media(Base):
    """A video of a user; its id is also the workflow's id. One user holds a file's content once.

    The pictures of friends are media too: complete, without a digest, for friends may well have the
    same picture.
    """

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("user_id", "sha256"),
        one_of("media_type", MediaType),
        one_of("status", MediaStatus),
        CheckConstraint("(media_type = 'original') = (sha256 IS NOT NULL)", name="digest"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    media_type: Mapped[str] = mapped_column(default=MediaType.ORIGINAL)
    sha256: Mapped[str | None]
    filename: Mapped[str]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default=MediaStatus.PENDING)
    failure: Mapped[str | None]
    skip_faces: Mapped[bool] = mapped_column(default=False)
    album_id: Mapped[UUID | None]
    duration: Mapped[float]
    recorded_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Upload(Base):
    """A file that somebody is sending, or sent. `media_id` is the video that it becomes, or is."""

    __tablename__ = "uploads"
    __table_args__ = (
        one_of("status", UploadStatus),
        CheckConstraint("received BETWEEN 0 AND length", name="received"),
        CheckConstraint("status <> 'receiving' OR received < length", name="receiving"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    media_id: Mapped[UUID]
    filename: Mapped[str]
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(default=UploadStatus.RECEIVING)
    reason: Mapped[str | None]
    skip_faces: Mapped[bool] = mapped_column(default=False)
    album_id: Mapped[UUID | None]
    client_metadata: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class UploadPart(Base):
    """A stored piece of an upload, which begins at byte `start` of the file."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str]


class Asset(Base):
    """A stored file of a video. `name` tells files of one type apart: `720p`, `3`, `2_1`."""

    __tablename__ = "media_assets"
    __table_args__ = (
        UniqueConstraint("media_id", "asset_type", "name"),
        one_of("asset_type", AssetType),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    asset_type: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    key: Mapped[str]
    mimetype: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    duration: Mapped[float | None]
    bitrate: Mapped[int | None]
    timecode: Mapped[float | None]


class Contact(Base):
    """A person whom a user knows; without a name while nobody has given one.

    `picture_key` is the best picture of their face in the storage; `picture_uri` is where the
    service that they come from shows their picture, with or without a face. Each may be missing.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("user_id", "provider", "provider_id"),
        CheckConstraint("(provider IS NULL) = (provider_id IS NULL)", name="provider_complete"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str | None]
    email: Mapped[str | None]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    picture_key: Mapped[str | None]
    picture_uri: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Link(Base):
    """A user's account at another service, whose friends there are contacts here.

    `sealed_token` lets the friends be asked for; it is there until they were.
    """

    __tablename__ = "links"
    __table_args__ = (one_of("status", LinkStatus),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    provider: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[str]
    status: Mapped[str] = mapped_column(default=LinkStatus.ASKED)
    reason: Mapped[str | None]
    sealed_token: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Feature(Base):
    """A face on a face picture: where it was seen, how good it is, whose it is.

    The face of a friend's picture is of a track 0 without a length.
    """

    __tablename__ = "media_asset_features"
    __table_args__ = (
        one_of("recognition_result", RecognitionResult),
        Index(None, "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
    )

    asset_id: Mapped[UUID] = mapped_column(
        ForeignKey("media_assets.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    track_id: Mapped[int]
    track_first_seen: Mapped[float]
    track_last_seen: Mapped[float]
    coordinates: Mapped[dict[str, Any]]
    detection_confidence: Mapped[float]
    score: Mapped[float]
    embedding: Mapped[Any] = mapped_column(Vector(EMBEDDING_SIZE), nullable=True)
    recognition_result: Mapped[str | None]
    recognition_confidence: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Stage(Base):
    """How far one stage is with one video: what a progress bar shows, and how long it took."""

    __tablename__ = "media_workflow_stages"
    __table_args__ = (
        one_of("status", StageStatus),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
    )

    media_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    stage: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    progress: Mapped[float] = mapped_column(default=0.0)
    attempt: Mapped[int] = mapped_column(default=1)
    detail: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class Question(Base):
    """What people are asked about a video's faces, beginning with its track `track_id`.

    `items` is what `vib.contacts.questions.Item` describes. `wanted` answers are asked for, by the
    HIT `hit_id` of Mechanical Turk if there is one. After `closes_at` nobody waits any more;
    `closed_at` is when what came of it was applied.
    """

    __tablename__ = "questions"
    __table_args__ = (
        UniqueConstraint("media_id", "kind", "track_id"),
        one_of("kind", QuestionKind),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    kind: Mapped[str]
    track_id: Mapped[int]
    items: Mapped[list[Any]] = mapped_column(JSONB)
    wanted: Mapped[int]
    hit_id: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class JobRun(Base):
    """When a job was last run to its end, what it did, and how much of it failed."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]
    seconds: Mapped[float]
    done: Mapped[dict[str, Any]]
    failed: Mapped[int]


class MTurkWorker(Base):
    """A worker of Mechanical Turk who has answered, and when they were last told of questions.

    `unreachable` is why they cannot be told.
    """

    __tablename__ = "mturk_workers"

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    answered_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    unreachable: Mapped[str | None]
