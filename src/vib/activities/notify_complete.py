from datetime import timedelta

from swflow import activity
from vib import __version__, keys
from vib.activities.stage import stage
from vib.db.models import Media, MediaStatus
from vib.messages import VideoJob
from vib.notify import PATIENCE
from vib.services import services


@activity(
    "NotifyComplete",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=PATIENCE,
)
def notify_complete(job: VideoJob) -> None:
    """Mark the video complete and tell the web application, which may hear of it twice."""
    context = services()
    with stage(context.sessions, job.media_id, "NotifyComplete"):
        with context.sessions.begin() as session:
            media = session.get_one(Media, job.media_id)
            media.status = MediaStatus.COMPLETE
            album = None if media.album_id is None else str(media.album_id)
        context.storage.delete(keys.samples(job.media_id))
        context.web.tell(job.user_id, job.media_id, MediaStatus.COMPLETE, album=album)
