"""Settles videos whose workflow ended without a word, and ends workflows that nobody waits for.

A workflow that its own code ends leaves its video complete or failed. One that was terminated,
timed out, or could not even tell the web application, leaves it as it was.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

import swflow
from vib import executions
from vib.activities.fail_media import fail_media
from vib.activities.notify_complete import notify_complete
from vib.db.models import Base, Media, MediaStatus, MediaType, Stage, StageStatus, Upload
from vib.db.queries import is_missing
from vib.jobs.job import Chore, Job
from vib.needs import DATABASE, STORAGE, WEB
from vib.popeye.ingest import WATCHABLE, job_of
from vib.services import Services
from vib.workflows.ask_people import ask_people
from vib.workflows.upload_video import upload_video
from vib.workflows.video_processing import video_processing

PATIENCE = timedelta(hours=1)
"""How long nothing has to have changed: whoever looks closer has had the time to do so."""


def find(context: Services, patience: timedelta = PATIENCE) -> Iterator[Chore]:
    """Videos that nobody works on any more, and work that is on nothing."""
    for media in _unsettled(context, patience):
        ended = _how_it_ended(context, media)
        if ended is not None:
            verb = "complete" if media.status in WATCHABLE else "fail"
            what = f"{verb} the video {media.id}: {ended}"
            yield Chore(what, partial(_settle, context, media.id), media.user_id, media.id)
    for workflow_id in _open_without_a_row(context):
        do = partial(_terminate, context, workflow_id)
        yield Chore(f"end the workflow {workflow_id}, whose row is gone", do)


JOB = Job(
    "fail-orphan-workflows",
    "settles videos whose workflow ended without a word",
    (DATABASE, STORAGE, WEB),
    find,
)


def _unsettled(context: Services, patience: timedelta) -> Sequence[Media]:
    """Videos that are on their way, or of which the web application has not heard."""
    untold = select(Stage.media_id).where(
        Stage.stage.in_(("NotifyComplete", "FailMedia")), Stage.status == StageStatus.FAILED
    )
    with context.sessions() as session:
        return session.scalars(
            select(Media).where(
                Media.media_type == MediaType.ORIGINAL,
                Media.updated_at < datetime.now(UTC) - patience,
                or_(
                    Media.status.in_((MediaStatus.PENDING, MediaStatus.VISIBLE)),
                    Media.id.in_(untold),
                ),
            )
        ).all()


def _how_it_ended(context: Services, media: Media) -> str | None:
    """What became of the video's workflow, in one sentence; None where there is work to come.

    A pending video without an execution is none of ours: `sync` starts it.
    """
    if media.status == MediaStatus.PENDING:
        execution = executions.of_pending(context.swf, media)
        if execution is None:
            return None
    else:
        execution = executions.latest(context.swf, media.id)
        if execution is None:
            return "The workflow ended so long ago that SWF has forgotten it."
    status = execution.status()
    return None if status == "OPEN" else f"The workflow ended as {status}."


def _settle(context: Services, media_id: UUID) -> str | None:
    """Do what the workflow would have done at its end."""
    with context.sessions() as session:
        media = session.get(Media, media_id)
    ended = None if media is None else _how_it_ended(context, media)
    if media is None or ended is None:
        return None
    if media.status in WATCHABLE:
        notify_complete(job_of(media))
        return "videos completed"
    fail_media(job_of(media), media.failure or ended)
    return "videos failed"


def _open_without_a_row(context: Services) -> Iterator[str]:
    whose: tuple[tuple[swflow.WorkflowType[..., Any], type[Base]], ...] = (
        (video_processing, Media),
        (ask_people, Media),
        (upload_video, Upload),
    )
    for workflow, model in whose:
        query = swflow.Query(status="OPEN", type=workflow.name)
        for info in swflow.executions(context.swf, query):
            workflow_id = info["execution"]["workflowId"]
            # An operator may have started one by another name.
            about = workflow_id.removeprefix("upload-").removeprefix("people-")
            with context.sessions() as session:
                is_gone = is_missing(session, model, about)
            if is_gone:
                yield workflow_id


def _terminate(context: Services, workflow_id: str) -> str | None:
    ended = executions.stop(context.swf, workflow_id, "what it was about is gone")
    return "workflows terminated" if ended else None
