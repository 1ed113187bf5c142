"""Gives faces that nobody has looked at a contact, so that people see them and can name them.

Their recognition failed for good, or its contact was deleted. Each track becomes somebody new.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from vib import executions
from vib.contacts.learning import learn
from vib.contacts.questions import workflow_id
from vib.contacts.settle import faces_to_learn, give_to_new_contact
from vib.contacts.tracks import SOMEBODY, tracks_of
from vib.db.models import Asset, AssetType, Feature, Media
from vib.jobs.job import Chore, Job
from vib.messages import VideoJob
from vib.needs import DATABASE, RECOGNISER
from vib.services import Services

AGE = timedelta(days=2)
"""How old a face is that is an orphan."""


def find(context: Services) -> Iterator[Chore]:
    """Tracks with faces that are nobody's, in videos that nothing is being done with any more."""
    orphaned = _orphaned()
    with context.sessions() as session:
        found = session.execute(
            select(Media.id, Media.user_id, Feature.track_id)
            .join(Asset, Asset.media_id == Media.id)
            .join(Feature, Feature.asset_id == Asset.id)
            .where(*orphaned)
            .distinct()
            .order_by(Media.id, Feature.track_id)
        ).all()
    in_work = {media_id: _is_in_work(context, media_id) for media_id in {row.id for row in found}}
    for media_id, user_id, track_id in found:
        if not in_work[media_id]:
            do = partial(_rescue, context, VideoJob(media_id, user_id), track_id, orphaned)
            yield Chore(
                f"make a contact of track {track_id} of the video {media_id}", do, user_id, media_id
            )


JOB = Job(
    "orphan-faces",
    "makes contacts of faces that are nobody's after two days",
    (DATABASE, RECOGNISER),
    find,
)


def _orphaned() -> Sequence[ColumnElement[bool]]:
    """What holds of a face that is an orphan: NULL is a result that nobody has given."""
    result = Feature.recognition_result
    return (
        Asset.asset_type == AssetType.FACE,
        Feature.contact_id.is_(None),
        Feature.created_at < datetime.now(UTC) - AGE,
        or_(result.is_(None), result.in_(SOMEBODY)),
    )


def _is_in_work(context: Services, media_id: UUID) -> bool:
    """Whether a workflow will say whose the faces are: the video's, or the one that asks people."""
    ids = (media_id, workflow_id(media_id))
    found = (executions.latest(context.swf, each) for each in ids)
    return any(each is not None and each.is_open() for each in found)


def _rescue(
    context: Services, job: VideoJob, track_id: int, orphaned: Sequence[ColumnElement[bool]]
) -> str | None:
    with context.sessions.begin() as session:
        of_it = Feature.track_id == track_id
        tracks = tracks_of(session, job.media_id, SOMEBODY, *orphaned, of_it)
        if not tracks:
            return None
        give_to_new_contact(session, job, tracks)
        # Before all is committed: what fails is found again by the next run.
        learn(context, job.user_id, faces_to_learn(tracks))
    return "contacts made"
