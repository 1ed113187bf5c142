from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.activities.step import RECOGNISING, step
from vib.messages import Person, VideoJob
from vib.services import services


@activity(
    "MergeTracks",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=RECOGNISING,
)
def merge_tracks(job: VideoJob, answers: dict[str, str]) -> list[Person]:
    """Apply what people said about a video's tracks; those of whom it is open who they are."""
    from vib.contacts.merging import merge

    context = services()
    with step("MergeTracks", job):
        with context.sessions.begin() as session:
            people, no_longer = merge(session, job.media_id, answers)
        context.recogniser.forget(job.user_id, [face.face_id for face in no_longer])
    return people
