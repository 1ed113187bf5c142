from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, tuple_, update
from sqlalchemy.orm import Session

import swflow
from swflow import Retry, activity
from vib import __version__, keys
from vib.activities.stage import stage
from vib.db.models import Asset, AssetType, Media, MediaStatus
from vib.db.queries import save_asset
from vib.errors import BadVideo
from vib.messages import VideoJob
from vib.services import services

if TYPE_CHECKING:
    from vib.video.made import Made

_MADE_HERE = (
    AssetType.MAIN,
    AssetType.POSTER,
    AssetType.POSTER_ANIMATED,
    AssetType.THUMBNAIL,
    AssetType.IMAGE,
)


@activity(
    "Transcode",
    version=__version__,
    task_list="transcode",
    start_to_close=timedelta(hours=10),
    schedule_to_close=timedelta(hours=15),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=2, timeouts=(2, 4), backoff=timedelta(seconds=30)),
)
def transcode(job: VideoJob) -> None:
    """Make the renditions and every picture; from then on the video can be watched.

    The frames for FaceDetect are stored too, until NotifyComplete.
    """
    from vib.video import confined, samples
    from vib.video.renditions import RENDITIONS

    context = services()
    with (
        stage(context.sessions, job.media_id, "Transcode") as progress,
        swflow.beating(),  # a large file is fetched and stored without a word
        context.storage.local(keys.original(job.media_id)) as source,
        TemporaryDirectory(dir=context.scratch_folder) as folder,
    ):
        try:
            files = confined.transcode(
                source,
                Path(folder),
                [RENDITIONS[name] for name in dict.fromkeys(context.settings.renditions)],
                progress,
                sampled=not job.skip_faces,
            )
        except BadVideo as error:
            # People know the file by the name that it had when they handed it in.
            with context.sessions() as session:
                filename = session.get_one(Media, job.media_id).filename
            raise BadVideo(str(error).replace(source.name, filename)) from error
        for file in files:
            context.storage.save(keys.made(job.media_id, file.path.name), file.path)
            progress(1.0)
        if not job.skip_faces:
            context.storage.save(keys.samples(job.media_id), Path(folder) / samples.FILENAME)
        with context.sessions.begin() as session:
            for stale in _save_rows(session, job.media_id, files):
                context.storage.delete(stale)
            session.execute(
                update(Media)
                .filter_by(id=job.media_id, status=MediaStatus.PENDING)
                .values(status=MediaStatus.VISIBLE)
            )


def _save_rows(session: Session, media_id: UUID, files: "list[Made]") -> list[str]:
    """Write the files' rows; return the keys of an earlier run's files that there are no more."""
    for file in files:
        save_asset(
            session,
            media_id=media_id,
            asset_type=AssetType(file.kind),
            name=file.name,
            key=keys.made(media_id, file.path.name),
            mimetype=file.mimetype,
            bytes=file.bytes,
            width=file.width,
            height=file.height,
            duration=file.duration,
            bitrate=file.bitrate,
            timecode=file.timecode,
        )
    stale = (
        delete(Asset)
        .where(
            Asset.media_id == media_id,
            Asset.asset_type.in_(_MADE_HERE),
            tuple_(Asset.asset_type, Asset.name).not_in([(file.kind, file.name) for file in files]),
        )
        .returning(Asset.key)
    )
    return list(session.scalars(stale))
