from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.activities.stage import stage
from vib.db.models import Media, MediaStatus
from vib.db.queries import mark_failed
from vib.messages import VideoJob
from vib.notify import PATIENCE
from vib.services import services


@activity(
    "FailMedia",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=PATIENCE,
)
def fail_media(job: VideoJob, reason: str) -> None:
    """Mark a video that cannot be watched as failed, with the reason people will read.

    What was made of it is removed, and the web application is told.
    """
    from vib.forget import remove_made

    context = services()
    with stage(context.sessions, job.media_id, "FailMedia"):
        with context.sessions.begin() as session:
            mark_failed(session, job.media_id, reason)
            if session.get_one(Media, job.media_id).status != MediaStatus.FAILED:
                return
            remove_made(context, session, job.media_id)
        context.web.tell(job.user_id, job.media_id, MediaStatus.FAILED, reason=reason)
