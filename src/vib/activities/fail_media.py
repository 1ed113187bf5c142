from datetime import timedelta

from swflow import Retry, activity
from vib import __version__
from vib.db.queries import mark_failed
from vib.messages import VideoJob
from vib.services import services


@activity(
    "FailMedia",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=Retry(failures=5, timeouts=(1, 1), backoff=timedelta(seconds=5)),
)
def fail_media(job: VideoJob, reason: str) -> None:
    """Mark a video that cannot be watched as failed, with the reason people will read."""
    with services().sessions.begin() as session:
        mark_failed(session, job.media_id, reason)
