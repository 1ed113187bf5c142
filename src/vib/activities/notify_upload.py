from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.logs import about
from vib.messages import UploadJob, UploadOutcome
from vib.notify import PATIENCE
from vib.services import services


@activity(
    "NotifyUpload",
    version=__version__,
    task_list="notify",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(minutes=15),
    retry=PATIENCE,
)
def notify_upload(job: UploadJob, outcome: UploadOutcome) -> None:
    """Tell the web application why an upload did not become a new video."""
    with about(user_uuid=job.user_id, media_uuid=outcome.media_id):
        services().web.tell(
            job.user_id,
            outcome.media_id,
            outcome.status,
            upload=str(job.upload_id),
            reason=outcome.reason,
        )
