from uuid import UUID


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
