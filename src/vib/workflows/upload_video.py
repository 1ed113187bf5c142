from datetime import timedelta

from swflow import workflow
from vib import __version__
from vib.activities.notify_upload import notify_upload
from vib.activities.upload import upload
from vib.db.models import UploadStatus
from vib.messages import UploadJob, UploadOutcome


@workflow(
    "UploadVideo",
    version=__version__,
    task_list="decider",
    execution_timeout=timedelta(hours=36),
)
async def upload_video(job: UploadJob) -> UploadOutcome:
    """From the pieces of an upload to a video in the pipeline; why not, the web application hears.

    Of a video that is on its way it hears when it is complete.
    """
    outcome = await upload(job)
    if outcome.status != UploadStatus.STARTED:
        await notify_upload(job, outcome)
    return outcome
