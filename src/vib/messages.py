from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class FacebookJob:
    """What CreateContacts and RemoveContacts are told; the rest is in the database."""

    user_id: UUID


@dataclass(frozen=True)
class FriendBatch:
    """Contacts that one activity looks at: those with ids from `first` to `last`."""

    first: UUID
    last: UUID


@dataclass(frozen=True)
class FriendList:
    """The friends of a user. `batches` is None where they are contacts already."""

    friends: int
    batches: list[FriendBatch] | None


@dataclass(frozen=True)
class FriendsOutcome:
    """What came of linking or unlinking a user.

    Attributes:
        status: what was done, for people.
        contacts: how many were made, or removed.
        faces: of how many the face is known, or how many stay because they are in videos.
        failures: why pictures of some friends could not be looked at.
    """

    status: str
    contacts: int = 0
    faces: int = 0
    failures: list[str] = field(default_factory=list)
