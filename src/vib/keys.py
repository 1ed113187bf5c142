from uuid import UUID

UPLOADS = "uploads"
"""The storage folder of uploads on their way."""

INCOMING = "incoming"
"""The storage folder into which the web application puts files that are to be processed."""


def original(media_id: UUID) -> str:
    """The storage key of the uploaded file."""
    return f"{media_id}/{media_id}"


def made(media_id: UUID, filename: str) -> str:
    """The storage key of a file made from the video, such as `720p.mp4` or `poster.jpg`."""
    return f"{media_id}/{media_id}_{filename}"


def samples(media_id: UUID) -> str:
    """The storage key of the frames for FaceDetect, which go when the video is complete."""
    return made(media_id, "samples.mkv")


def face(media_id: UUID, track_id: int, number: int) -> str:
    """The storage key of the picture of a track's face; number 0 is the track's best."""
    return made(media_id, f"face_{track_id}_{number}.jpg")


def upload(upload_id: UUID) -> str:
    """The storage folder of an upload's parts."""
    return f"{UPLOADS}/{upload_id}"


def part(upload_id: UUID, start: int, attempt: UUID) -> str:
    """The storage key of a part of an upload; who brings the same part twice makes two keys."""
    return f"{upload(upload_id)}/{start}_{attempt.hex}"
