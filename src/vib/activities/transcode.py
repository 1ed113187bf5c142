from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import update

from swflow import Retry, activity
from vib import __version__, keys
from vib.activities.stage import stage
from vib.db.models import AssetType, Media, MediaStatus
from vib.db.queries import save_asset
from vib.messages import VideoJob
from vib.services import services


@activity(
    "Transcode",
    version=__version__,
    task_list="transcode",
    start_to_close=timedelta(hours=10),
    schedule_to_close=timedelta(hours=15),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=2, timeouts=(2, 4)),
)
def transcode(job: VideoJob) -> None:
    """Make the renditions, the poster and the thumbnails; from then on the video can be watched.

    The frames for FaceDetect are stored too, until NotifyComplete.
    """
    from vib.popeye import confined, samples

    context = services()
    with (
        stage(context.sessions, job.media_id, "Transcode") as progress,
        context.storage.local(keys.original(job.media_id)) as source,
        TemporaryDirectory(dir=context.settings.scratch_folder) as folder,
    ):
        files = confined.transcode(source, Path(folder), progress=progress)
        for file in files:
            context.storage.save(keys.made(job.media_id, file.path.name), file.path)
            progress(1.0)
        context.storage.save(keys.samples(job.media_id), Path(folder) / samples.FILENAME)
        with context.sessions.begin() as session:
            for file in files:
                save_asset(
                    session,
                    media_id=job.media_id,
                    asset_type=AssetType(file.kind),
                    name=file.name,
                    key=keys.made(job.media_id, file.path.name),
                    mimetype=file.mimetype,
                    bytes=file.bytes,
                    width=file.width,
                    height=file.height,
                    duration=file.duration,
                    bitrate=file.bitrate,
                    timecode=file.timecode,
                )
            session.execute(
                update(Media)
                .filter_by(id=job.media_id, status=MediaStatus.PENDING)
                .values(status=MediaStatus.VISIBLE)
            )
