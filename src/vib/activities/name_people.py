from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.activities.step import RECOGNISING, step
from vib.messages import Person, VideoJob
from vib.services import services


@activity(
    "NamePeople",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=10),
    schedule_to_close=timedelta(hours=15),
    retry=RECOGNISING,
)
def name_people(job: VideoJob, people: list[Person], answers: dict[str, str]) -> None:
    """Apply what people said of who somebody in a video is; whoever is still unknown is new."""
    from vib.contacts.learning import learn
    from vib.contacts.naming import name

    context = services()
    with step("NamePeople", job):
        with context.sessions.begin() as session:
            to_learn = name(session, job, people, answers)
        learn(context, job.user_id, to_learn)
