from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from swflow import activity
from vib import __version__
from vib.activities.step import RECOGNISING
from vib.db.models import Question
from vib.services import services


@activity(
    "AskAgain",
    version=__version__,
    task_list="recognise",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(hours=15),
    retry=RECOGNISING,
)
def ask_again(question_id: UUID, wanted: int) -> None:
    """Have somebody else asked too; `collect-mturk` sees to it that the HIT takes so many."""
    with services().sessions.begin() as session:
        session.execute(update(Question).filter_by(id=question_id).values(wanted=wanted))
