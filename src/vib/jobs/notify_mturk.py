"""E-mails Mechanical Turk's workers who have answered before when there are questions to answer.

A worker is told when something was asked after they were last told, and not more often than every
six hours; nobody hears of the same questions again. Whom Mechanical Turk cannot reach for good is
not tried again. A crash repeats one e-mail to a hundred workers at most.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import func, or_, select, update

from vib.db.models import MTurkWorker, Question
from vib.jobs.job import Chore, Job
from vib.mturk.client import MOST_TOLD, MechanicalTurk
from vib.needs import DATABASE, MTURK
from vib.services import Services

REST = timedelta(hours=6)
"""How long a worker is left in peace after an e-mail."""

_log = logging.getLogger(__name__)


def find(context: Services) -> Iterator[Chore]:
    """Workers to tell, a hundred at a time."""
    mturk = context.needed_mturk
    with context.sessions() as session:
        now = session.scalars(select(func.now())).one()  # by the clock that questions go by
    hits = [hit for hit in mturk.hits() if hit.status == "Assignable" and hit.available > 0]
    workers = _to_tell(context, [hit.question_id for hit in hits], now)
    for start in range(0, len(workers), MOST_TOLD):
        batch = workers[start : start + MOST_TOLD]
        do = partial(_tell, context, mturk, batch, len(hits), now)
        yield Chore(f"tell {len(batch)} workers of {len(hits)} tasks", do)


JOB = Job(
    "notify-mturk",
    "e-mails Mechanical Turk's workers when there is something to answer",
    (DATABASE, MTURK),
    find,
)


def _to_tell(context: Services, question_ids: Sequence[UUID], now: datetime) -> Sequence[str]:
    with context.sessions() as session:
        newest = session.scalar(
            select(func.max(Question.asked_at)).where(
                Question.id.in_(question_ids),
                Question.closed_at.is_(None),
                Question.closes_at > now,
            )
        )
        if newest is None:
            return []
        told_at = MTurkWorker.told_at
        is_due = or_(told_at.is_(None), (told_at < newest) & (told_at < now - REST))
        due = select(MTurkWorker.worker_id).where(MTurkWorker.unreachable.is_(None), is_due)
        return session.scalars(due.order_by(MTurkWorker.worker_id)).all()


def _tell(
    context: Services, mturk: MechanicalTurk, workers: Sequence[str], tasks: int, now: datetime
) -> str:
    failures = mturk.tell(
        workers,
        "New pictures of faces to look at",
        f"There are {tasks} tasks with pictures of faces for you; each takes a minute.\n"
        f"{mturk.workers_page}\n\nThank you for your help so far.",
    )
    told = [worker for worker in workers if worker not in failures]
    with context.sessions.begin() as session:
        is_told = MTurkWorker.worker_id.in_(told)
        session.execute(update(MTurkWorker).where(is_told).values(told_at=now))
        for worker, (kind, why) in failures.items():
            _log.warning("Worker %s was not told: %s: %s", worker, kind, why)
            if kind == "HardFailure":
                gone = update(MTurkWorker).filter_by(worker_id=worker)
                session.execute(gone.values(unreachable=why))
    return "e-mails sent" if told else "e-mails that reached nobody"
