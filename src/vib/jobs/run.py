import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, text

from vib.db.models import JobRun
from vib.db.queries import upsert
from vib.jobs.job import Chore, Job
from vib.logs import about
from vib.services import Services

_log = logging.getLogger(__name__)

_LOCKS = 7_105_103  # names the advisory locks of jobs; any constant will do
_TRY = text("SELECT pg_try_advisory_lock(:locks, hashtext(:name))")
_UNLOCK = text("SELECT pg_advisory_unlock(:locks, hashtext(:name))")
_STILL_THERE = text("SELECT 1")


@dataclass
class Outcome:
    """What a run of a job did.

    Attributes:
        job: the job's name.
        done: how often what was done.
        failed: how many chores failed.
        idle: why nothing was done, where that is the reason.
        seconds: how long it took.
    """

    job: str
    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    idle: str | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.idle is not None:
            return f"{self.job}: {self.idle}"
        said = [f"{count} {what}" for what, count in self.done.items()]
        said += [f"{self.failed} failed"] if self.failed else []
        return f"{self.job}: {', '.join(said) or 'nothing to do'} ({self.seconds:.1f} s)"


def never() -> bool:
    """Whether to stop: no."""
    return False


def run(
    context: Services,
    job: Job,
    *,
    not_within: timedelta | None = None,
    stopping: Callable[[], bool] = never,
) -> Outcome:
    """Do what a job finds to be done; nowhere else is it run meanwhile.

    What fails is logged and counted, and what comes after it is done all the same.

    Args:
        context: the services.
        job: the job.
        not_within: if anybody ran the job to its end so shortly ago, nothing is done.
        stopping: whether to do no further chore; the rest is for the next run.
    """
    outcome = Outcome(job.name)
    began = time.monotonic()
    try:
        with _lock(context, job.name) as lock:
            if lock is None:
                outcome.idle = "runs elsewhere"
            elif not_within is not None and _ran_since(lock, job.name, not_within):
                outcome.idle = "ran lately"
            elif _do_all(job.find(context), lock, outcome, stopping):
                _record(context, outcome, began)
    except Exception:  # noqa: BLE001 - logged, and the status says so
        _log.exception("%s ended early", job.name, extra={"job": job.name})
        outcome.failed += 1
    outcome.seconds = round(time.monotonic() - began, 3)
    if outcome.idle is None:
        _tell(outcome)
    return outcome


@contextmanager
def _lock(context: Services, name: str) -> Iterator[Connection | None]:
    """The connection that holds the job's lock; None where another process does.

    PostgreSQL lets go of the lock when the connection ends, so no crash leaves one behind.
    """
    with context.engine.connect() as connection:
        lock = connection.execution_options(isolation_level="AUTOCOMMIT")
        taken = lock.scalar(_TRY, {"locks": _LOCKS, "name": name})
        try:
            yield lock if taken else None
        finally:
            if taken and not connection.invalidated:
                # Not left to the end of the connection, which PostgreSQL notices a moment later.
                lock.execute(_UNLOCK, {"locks": _LOCKS, "name": name})


def _do_all(
    chores: Iterable[Chore], lock: Connection, outcome: Outcome, stopping: Callable[[], bool]
) -> bool:
    """Do one chore after the other; whether to the end."""
    for chore in chores:
        if stopping():
            return False
        lock.execute(_STILL_THERE)  # where it is lost, somebody else may have begun
        with about(user_uuid=chore.user_id, media_uuid=chore.media_id):
            _do(chore, outcome)
    return True


def _do(chore: Chore, outcome: Outcome) -> None:
    try:
        done = chore.do()
    except Exception:  # noqa: BLE001 - logged, and the others are done all the same
        _log.exception("failed to %s", chore.what, extra={"job": outcome.job})
        outcome.failed += 1
        return
    if done is not None:
        outcome.done[done] += 1
        _log.info("%s: %s", done, chore.what, extra={"job": outcome.job})


def _ran_since(lock: Connection, name: str, span: timedelta) -> bool:
    since = datetime.now(UTC) - span
    recent = select(JobRun.name).where(JobRun.name == name, JobRun.finished_at > since)
    return lock.scalar(recent) is not None


def _record(context: Services, outcome: Outcome, began: float) -> None:
    row = {
        "name": outcome.job,
        "finished_at": datetime.now(UTC),
        "seconds": time.monotonic() - began,
        "done": dict(outcome.done),
        "failed": outcome.failed,
    }
    with context.sessions.begin() as session:
        upsert(session, JobRun, ("name",), row)


def _tell(outcome: Outcome) -> None:
    level = logging.WARNING if outcome.failed else logging.INFO
    counts = {"done": dict(outcome.done), "failed": outcome.failed, "seconds": outcome.seconds}
    _log.log(level, "%s", outcome, extra={"job": outcome.job, **counts})
