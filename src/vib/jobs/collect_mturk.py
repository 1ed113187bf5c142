"""What Mechanical Turk's workers answered becomes signals to the workflows that wait for it.

- An answer to an open question is told to the workflow that waits, then paid.
- One that comes too late, or whose video is gone, is paid and goes nowhere; the log has it.
- One that is no answer to its question is rejected with the reason, and somebody else is asked.
- A HIT whose question is closed or gone ends, and is deleted when all of its answers are reviewed.

What there is to do is read from Mechanical Turk and from the database every time, so after a crash
at any line the next run goes on.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from vib.contacts.answering import tell_workflow
from vib.contacts.items import NonsenseError, check
from vib.contacts.questions import is_over
from vib.db.models import MTurkWorker, Question
from vib.db.queries import upsert
from vib.jobs.job import Chore, Job
from vib.messages import Answer
from vib.mturk.client import MOST_ASSIGNMENTS, Hit, MechanicalTurk
from vib.mturk.forms import choices_in
from vib.needs import DATABASE, MTURK, types
from vib.services import Services
from vib.workflows.ask_people import ask_people

if TYPE_CHECKING:
    from types_boto3_mturk.type_defs import AssignmentTypeDef

_log = logging.getLogger(__name__)


def find(context: Services) -> Iterator[Chore]:
    """Answers that are not reviewed, and HITs that ask for more or less than is wanted."""
    mturk = context.needed_mturk
    for hit in mturk.hits():
        with context.sessions() as session:
            question = session.get(Question, hit.question_id)
        media_id = None if question is None else question.media_id
        if question is not None and is_over(question):
            question = None
        for answer in mturk.assignments(hit.hit_id, "Submitted"):
            what = f"review answer {answer['AssignmentId']} to HIT {hit.hit_id}"
            do = partial(_review, context, mturk, question, answer)
            yield Chore(what, do, media_id=media_id)
        # Looked at when the answers are reviewed.
        yield from _about_hit(mturk, hit, question)


JOB = Job(
    "collect-mturk",
    "tells workflows what Mechanical Turk's workers answered",
    (DATABASE, MTURK, types([ask_people])),
    find,
)


def _review(
    context: Services,
    mturk: MechanicalTurk,
    question: Question | None,
    assignment: "AssignmentTypeDef",
) -> str:
    """Tell an answer to who waits for it, and pay for it; what became of it."""
    answer_id = assignment["AssignmentId"]
    try:
        is_used = question is not None and _tell(context, question, assignment)
    except NonsenseError as nonsense:
        _log.warning("Answer %s is rejected: %s", answer_id, nonsense)
        mturk.reject(answer_id, str(nonsense))
        return "answers rejected"
    if not is_used:
        worker = assignment["WorkerId"]
        said = assignment["Answer"]
        _log.info("Answer %s of %s is paid and not used: %s", answer_id, worker, said)
    mturk.approve(answer_id)
    return "answers accepted" if is_used else "answers too late"


def _tell(context: Services, question: Question, assignment: "AssignmentTypeDef") -> bool:
    """Tell an answer to the workflow that waits for it; whether one does.

    Raises:
        NonsenseError: it is no answer to the question.
    """
    choices = choices_in(assignment["Answer"])
    check(question, choices)
    with context.sessions.begin() as session:
        row = {"worker_id": assignment["WorkerId"], "answered_at": assignment["SubmitTime"]}
        upsert(session, MTurkWorker, ("worker_id",), row)
    return tell_workflow(
        context, question, Answer(question.id, assignment["AssignmentId"], choices)
    )


def _about_hit(mturk: MechanicalTurk, hit: Hit, question: Question | None) -> Iterator[Chore]:
    """Have a HIT ask for what is wanted; without a question nothing is."""
    is_open = hit.expires_at > datetime.now(UTC)
    if question is not None:
        rejected = len(mturk.assignments(hit.hit_id, "Rejected"))
        wanted = min(question.wanted + rejected, MOST_ASSIGNMENTS)
        if is_open and wanted > hit.assignments:
            do = partial(_extend, mturk, hit, wanted)
            yield Chore(f"have {wanted} workers answer HIT {hit.hit_id}", do)
    elif is_open and hit.status in {"Assignable", "Unassignable"}:
        yield Chore(f"end HIT {hit.hit_id}", partial(_end, mturk, hit))
    elif hit.status == "Reviewable":
        yield Chore(f"delete HIT {hit.hit_id}", partial(_delete, mturk, hit))


def _extend(mturk: MechanicalTurk, hit: Hit, wanted: int) -> str:
    mturk.extend(hit, wanted)
    return "HITs extended"


def _end(mturk: MechanicalTurk, hit: Hit) -> str:
    mturk.expire(hit)
    return "HITs ended"


def _delete(mturk: MechanicalTurk, hit: Hit) -> str:
    mturk.delete(hit)
    return "HITs deleted"
