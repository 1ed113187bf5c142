from datetime import timedelta

from swflow import Retry, activity
from vib import __version__
from vib.logs import about, timed
from vib.messages import Person, VideoJob
from vib.services import services


@activity(
    "MergeTracks",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=Retry(failures=10, timeouts=(1, 1), backoff=timedelta(seconds=10)),
)
def merge_tracks(job: VideoJob, answers: dict[str, str]) -> list[Person]:
    """Apply what people said about a video's tracks; those of whom it is open who they are."""
    from vib.contacts.merging import merge

    context = services()
    with about(user_uuid=job.user_id, media_uuid=job.media_id), timed("MergeTracks"):
        with context.sessions.begin() as session:
            people, no_longer = merge(session, job.media_id, answers)
        context.recogniser.forget(job.user_id, [face.face_id for face in no_longer])
    return people
