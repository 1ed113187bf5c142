from uuid import UUID

import swflow
from vib import executions, keys
from vib.db.models import Media, MediaStatus, MediaType
from vib.errors import VibError
from vib.popeye.ingest import job_of, start_over, start_workflow
from vib.services import Services


def retry(context: Services, media_id: UUID, *, from_start: bool = False) -> str:
    """Process a video again.

    Where the workflow of a video that can be watched failed, only what failed and what comes after
    it is done again, unless `from_start`; else all of it.

    Returns:
        What is done, in words.

    Raises:
        VibError: there is no such video, it is being processed, or its original is gone.
    """
    with context.sessions() as session:
        media = session.get(Media, media_id)
    if media is None or media.media_type != MediaType.ORIGINAL:
        raise VibError(f"There is no video {media_id}.")
    execution = executions.latest(context.swf, media_id)
    if execution is not None and execution.is_open():
        raise VibError(f"The video {media_id} is being processed: see vib show {media_id}.")
    if not context.storage.exists(keys.original(media_id)):
        raise VibError(f"The original of {media_id} is not in the storage: hand the file in again.")
    has_files = media.status in (MediaStatus.VISIBLE, MediaStatus.COMPLETE)
    if has_files and not from_start and execution and execution.status() != "COMPLETED":
        again = swflow.rerun(context.swf, execution)
        return f"goes on after {', '.join(again.reused) or 'nothing'}"
    with context.sessions.begin() as session:
        media = session.get_one(Media, media_id, with_for_update={"key_share": True})
        start_over(context, session, media)
        job = job_of(media)
    return f"starts over: {start_workflow(context, job)}"
