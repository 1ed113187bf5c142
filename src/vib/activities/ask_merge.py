from datetime import timedelta

from swflow import Retry, activity
from vib import __version__
from vib.db.models import QuestionKind
from vib.logs import about, timed
from vib.messages import Asked, VideoJob
from vib.services import services


@activity(
    "AskMerge",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=Retry(failures=10, timeouts=(1, 1), backoff=timedelta(seconds=10)),
)
def ask_merge(job: VideoJob) -> list[Asked]:
    """Have people asked which tracks of a video are one person, as far as that is in doubt."""
    from vib.contacts.merging import doubtful_tracks
    from vib.contacts.questions import ask

    context = services()
    with about(user_uuid=job.user_id, media_uuid=job.media_id), timed("AskMerge"):
        with context.sessions() as session:
            items = doubtful_tracks(session, job.media_id)
        return ask(context, job.media_id, QuestionKind.MERGE, items) if items else []
