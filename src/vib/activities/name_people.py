from datetime import timedelta

from swflow import Retry, activity
from vib import __version__
from vib.logs import about, timed
from vib.messages import Person, VideoJob
from vib.services import services


@activity(
    "NamePeople",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=Retry(failures=10, timeouts=(1, 1), backoff=timedelta(seconds=10)),
)
def name_people(job: VideoJob, people: list[Person], answers: dict[str, str]) -> None:
    """Apply what people said of who somebody in a video is; whoever is still unknown is new."""
    from vib.contacts.naming import name

    context = services()
    with about(user_uuid=job.user_id, media_uuid=job.media_id), timed("NamePeople"):
        with context.sessions.begin() as session:
            to_learn = name(session, job, people, answers)
        context.recogniser.learn(job.user_id, to_learn)
