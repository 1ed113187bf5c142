from datetime import timedelta

from sqlalchemy import update

from swflow import Retry, activity
from vib import __version__, keys
from vib.activities.stage import stage
from vib.db.models import Media, MediaStatus
from vib.messages import VideoJob
from vib.notify import notify
from vib.services import services


@activity(
    "NotifyComplete",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=Retry(failures=5, timeouts=(1, 1), backoff=timedelta(seconds=5)),
)
def notify_complete(job: VideoJob) -> None:
    """Mark the video complete and tell the web application, which may hear of it twice."""
    context = services()
    with stage(context.sessions, job.media_id, "NotifyComplete"):
        with context.sessions.begin() as session:
            session.execute(
                update(Media).filter_by(id=job.media_id).values(status=MediaStatus.COMPLETE)
            )
        context.storage.delete(keys.samples(job.media_id))
        notify(
            str(context.settings.notify_url),
            context.settings.notify_secret.get_secret_value(),
            {"uid": str(job.user_id), "mid": str(job.media_id), "status": MediaStatus.COMPLETE},
        )
