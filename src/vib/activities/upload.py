from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import swflow
from swflow import Retry, activity
from vib import __version__
from vib.db.models import Upload, UploadStatus
from vib.errors import VibError
from vib.logs import about, timed
from vib.messages import UploadJob, UploadOutcome
from vib.services import Services, services


@activity(
    "Upload",
    version=__version__,
    task_list="upload",
    start_to_close=timedelta(hours=2),
    schedule_to_close=timedelta(hours=12),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=5, timeouts=(1, 2), backoff=timedelta(seconds=5)),
)
def upload(job: UploadJob) -> UploadOutcome:
    """Put an upload's pieces together and take the video in; the pieces are removed."""
    from vib.popeye import received

    context = services()
    with about(user_uuid=job.user_id), timed("Upload"), swflow.beating():
        row = _read(context, job)
        if row.status == UploadStatus.RECEIVED:
            _take_in(context, row)
            row = _read(context, job)
        received.remove_parts(context, job.upload_id)
    return UploadOutcome(row.id, row.media_id, row.status, row.reason)


def _take_in(context: Services, row: Upload) -> None:
    from vib.popeye import received
    from vib.popeye.ingest import Wishes, ingest

    with TemporaryDirectory(dir=context.scratch_folder) as folder:
        path = Path(folder) / row.filename
        wishes = Wishes(row.skip_faces, row.album_id, row.media_id)
        try:
            received.assemble(context, row, path)
            ingested = ingest(context, path, row.user_id, wishes)
        except VibError as error:
            received.settle(context, row.id, UploadStatus.REFUSED, reason=str(error))
            return
    # Where the video is this upload's own, an earlier try has come so far.
    is_new = ingested.media_id == row.media_id
    status = UploadStatus.STARTED if is_new else UploadStatus(ingested.receipt.value)
    received.settle(context, row.id, status, media_id=ingested.media_id)


def _read(context: Services, job: UploadJob) -> Upload:
    with context.sessions() as session:
        return session.get_one(Upload, job.upload_id)
