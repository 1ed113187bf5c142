"""Workers of Mechanical Turk hear of new questions by e-mail."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update

from vib.db.models import MTurkWorker, Question
from vib.mturk.client import MOST_TOLD, MechanicalTurk
from vib.services import Services

REST = timedelta(hours=6)
"""How long a worker is left in peace after an e-mail."""

_log = logging.getLogger(__name__)


def announce(context: Services, *, dry_run: bool = False) -> Counter[str]:
    """E-mail the workers who have answered before, if there are questions that they can answer.

    A worker is told when something was asked after they were last told, and not more often than
    every six hours; nobody hears of the same questions again. Whom Mechanical Turk cannot reach for
    good is not tried again. A crash repeats at most one e-mail to a hundred workers.

    Args:
        context: the services.
        dry_run: only count whom there is to tell.

    Returns:
        How often what was done.

    Raises:
        VibError: Mechanical Turk is not who is asked here.
    """
    mturk = context.needed_mturk
    done: Counter[str] = Counter()
    with context.sessions() as session:
        now = session.scalars(select(func.now())).one()  # by the clock that questions go by
    hits = [hit for hit in mturk.hits() if hit.status == "Assignable" and hit.available > 0]
    with context.sessions() as session:
        asked = select(func.max(Question.asked_at)).where(
            Question.id.in_([hit.question_id for hit in hits]),
            Question.closed_at.is_(None),
            Question.closes_at > now,
        )
        newest = session.scalar(asked)
        if newest is None:
            return done
        was_told = MTurkWorker.told_at
        workers = session.scalars(
            select(MTurkWorker.worker_id)
            .where(
                MTurkWorker.unreachable.is_(None),
                or_(was_told.is_(None), (was_told < newest) & (was_told < now - REST)),
            )
            .order_by(MTurkWorker.worker_id)
        ).all()
    for start in range(0, len(workers), MOST_TOLD):
        batch = workers[start : start + MOST_TOLD]
        if dry_run:
            done["workers to tell"] += len(batch)
        else:
            done += _tell(context, mturk, batch, len(hits), now)
    return done


def _tell(
    context: Services, mturk: MechanicalTurk, workers: Sequence[str], tasks: int, now: datetime
) -> Counter[str]:
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
    return Counter({"workers told": len(told), "workers not reached": len(failures)})
