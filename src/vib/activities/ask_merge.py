from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.activities.step import RECOGNISING, step
from vib.db.models import QuestionKind
from vib.messages import Asked, VideoJob
from vib.services import services


@activity(
    "AskMerge",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=RECOGNISING,
)
def ask_merge(job: VideoJob) -> list[Asked]:
    """Have people asked which tracks of a video are one person, as far as that is in doubt."""
    from vib.contacts.merging import doubtful_tracks
    from vib.contacts.questions import ask

    context = services()
    with step("AskMerge", job):
        with context.sessions() as session:
            items = doubtful_tracks(session, job.media_id)
        return ask(context, job.media_id, QuestionKind.MERGE, items) if items else []
