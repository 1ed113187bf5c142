from contextlib import suppress
from datetime import timedelta

from swflow import ActivityError, ActivityFailed, ChildNotStarted, Failure, workflow
from vib import __version__
from vib.activities.face_detect import face_detect
from vib.activities.face_recognize import face_recognize
from vib.activities.fail_media import fail_media
from vib.activities.notify_complete import notify_complete
from vib.activities.transcode import transcode
from vib.contacts.questions import workflow_id
from vib.messages import VideoJob, VideoOutcome
from vib.workflows.ask_people import ask_people


@workflow(
    "VideoProcessing",
    version=__version__,
    task_list="decider",
    execution_timeout=timedelta(hours=36),
    child_policy="ABANDON",
)
async def video_processing(job: VideoJob) -> VideoOutcome:
    """From the stored original to a video that can be watched, with its people known.

    A video that cannot be transcoded fails. A video whose faces cannot be found or recognised is
    still complete: that failure ends the task, not the workflow. What the machine is not sure of,
    another workflow asks people: it may take days, and this one does not wait for it.
    """
    try:
        await transcode(job)
    except ActivityError as error:
        # Their own sentence is what people read.
        await fail_media(job, error.reason if isinstance(error, ActivityFailed) else str(error))
        raise Failure(str(error), retry=False) from error
    people, faces_failure = 0, None
    if not job.skip_faces:
        try:
            await face_detect(job)
            recognition = await face_recognize(job)
            people = recognition.people
            if recognition.unsure:
                await _start_to_ask(job)
        except ActivityError as error:
            faces_failure = str(error)
    await notify_complete(job)
    return VideoOutcome(job.media_id, people, faces_failure)


async def _start_to_ask(job: VideoJob) -> None:
    asking = ask_people.options(workflow_id=workflow_id(job.media_id))
    with suppress(ChildNotStarted):  # people are being asked already
        await asking(job).started
