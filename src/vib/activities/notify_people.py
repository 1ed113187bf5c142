from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.logs import about
from vib.messages import VideoJob
from vib.notify import PATIENCE
from vib.services import services


@activity(
    "NotifyPeople",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=PATIENCE,
)
def notify_people(job: VideoJob) -> None:
    """Tell the web application that more is known of who is in a video."""
    with about(user_uuid=job.user_id, media_uuid=job.media_id):
        services().web.tell(job.user_id, job.media_id, "people")
