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
