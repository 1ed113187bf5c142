from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from swflow import Retry, activity
from vib import __version__
from vib.db.models import Question
from vib.services import services


@activity(
    "AskAgain",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(hours=15),
    retry=Retry(failures=10, timeouts=(1, 1), backoff=timedelta(seconds=10)),
)
def ask_again(question_id: UUID, wanted: int) -> None:
    """Have somebody else asked too; `collect-mturk` sees to it that the HIT takes so many."""
    with services().sessions.begin() as session:
        session.execute(update(Question).filter_by(id=question_id).values(wanted=wanted))
