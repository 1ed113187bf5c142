from datetime import timedelta

from swflow import activity
from vib import __version__
from vib.activities.step import RECOGNISING, step
from vib.db.models import QuestionKind
from vib.messages import Asked, Person, VideoJob
from vib.services import services


@activity(
    "AskNames",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=30),
    schedule_to_close=timedelta(hours=15),
    retry=RECOGNISING,
)
def ask_names(job: VideoJob, people: list[Person]) -> list[Asked]:
    """Have people asked who somebody is, a question each; settle what is in doubt no more."""
    from vib.contacts.learning import learn
    from vib.contacts.naming import settle_or_ask
    from vib.contacts.questions import ask

    context = services()
    with step("AskNames", job):
        with context.sessions.begin() as session:
            items, to_learn = settle_or_ask(session, job, context.recogniser, people)
        learn(context, job.user_id, to_learn)
        return [
            asked
            for item in items
            for asked in ask(context, job.media_id, QuestionKind.RECOGNIZE, [item])
        ]
