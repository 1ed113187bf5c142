from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class VideoJob:
    """What VideoProcessing and each of its activities is told; the rest is in the database."""

    media_id: UUID
    user_id: UUID
    skip_faces: bool = False


@dataclass(frozen=True)
class UploadJob:
    """What UploadVideo and its activities are told; the rest is in the database."""

    upload_id: UUID
    user_id: UUID


@dataclass(frozen=True)
class UploadOutcome:
    """What became of an upload, with the video that it is; `reason` is why it was refused."""

    upload_id: UUID
    media_id: UUID
    status: str
    reason: str | None = None


@dataclass(frozen=True)
class VideoOutcome:
    """How a video ended that can be watched. `faces_failure` says why its people are not known."""

    media_id: UUID
    people: int
    faces_failure: str | None = None


@dataclass(frozen=True)
class Recognition:
    """What the machine made of a video's people; of `unsure` persons it is left to people."""

    people: int
    unsure: int = 0


@dataclass(frozen=True)
class Asked:
    """A question that people were asked, and how many answers to it are wanted."""

    question_id: UUID
    wanted: int


@dataclass(frozen=True)
class Answer:
    """What somebody answered to a question: a choice for each item.

    Of two with the same `answer_id` one counts. A `final` one decides alone.
    """

    question_id: UUID
    answer_id: str
    choices: dict[str, str]
    final: bool = False


@dataclass(frozen=True)
class Person:
    """Tracks of one person; whether people said so, or the machine."""

    tracks: list[int]
    by_people: bool
