from datetime import timedelta

import swflow
from swflow import Retry, activity
from vib import __version__
from vib.activities.stage import stage
from vib.messages import Recognition, VideoJob
from vib.services import services


@activity(
    "FaceRecognize",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(hours=1),
    schedule_to_close=timedelta(hours=15),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=2, timeouts=(2, 4), backoff=timedelta(seconds=30)),
)
def face_recognize(job: VideoJob) -> Recognition:
    """Work out which of the user's contacts a video's faces are; whoever is new becomes one.

    Where people can be asked, what is in doubt is left to them.
    """
    from vib.contacts.learning import learn
    from vib.contacts.recognise import recognise

    context = services()
    with stage(context.sessions, job.media_id, "FaceRecognize"), swflow.beating():
        with context.sessions.begin() as session:
            recognised = recognise(session, job, context.recogniser, ask=context.asks_people)
        learn(context, job.user_id, recognised.to_learn)
    return Recognition(recognised.people, recognised.unsure)
