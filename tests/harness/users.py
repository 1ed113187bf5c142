from pathlib import Path
from uuid import UUID, uuid4

from vib import keys
from vib.db.models import Media, User
from vib.messages import VideoJob
from vib.services import Services


def add_user(context: Services, email: str | None = None) -> UUID:
    """A new user's id; the e-mail address is made up if it does not matter."""
    with context.sessions.begin() as session:
        user = User(email=email or f"{uuid4()}@example.org")
        session.add(user)
        session.flush()
        return user.id


def take_in(context: Services, video: Path, user_id: UUID, sha256: str = "0") -> VideoJob:
    """A video's row and its stored original."""
    with context.sessions.begin() as session:
        media = Media(
            user_id=user_id, sha256=sha256, filename="sample.mp4", title="sample", duration=12.0
        )
        session.add(media)
        session.flush()
        job = VideoJob(media.id, user_id)
    context.storage.save(keys.original(job.media_id), video)
    return job
