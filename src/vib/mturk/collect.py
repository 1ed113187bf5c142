"""What Mechanical Turk's workers answered becomes signals to the workflows that wait for it.

Each answer is first accepted by its workflow and then paid, and what is left to do is read from
Mechanical Turk and from the database every time: after a crash at any line the next run goes on.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vib.contacts.answering import tell_workflow
from vib.contacts.questions import NonsenseError, check, is_over
from vib.db.models import MTurkWorker, Question
from vib.db.queries import upsert
from vib.logs import about
from vib.messages import Answer
from vib.mturk.client import Hit, MechanicalTurk
from vib.mturk.forms import choices_in
from vib.services import Services

if TYPE_CHECKING:
    from types_boto3_mturk.type_defs import AssignmentTypeDef

_log = logging.getLogger(__name__)


def collect(context: Services, *, dry_run: bool = False) -> Counter[str]:
    """Take in every answer, and see to it that each HIT asks for what is still wanted.

    - An answer to an open question is told to the workflow that waits, then paid.
    - One that comes too late, or whose video is gone, is paid and goes nowhere.
    - One that is no answer to the question is rejected with the reason, and somebody else asked.

    Args:
        context: the services.
        dry_run: only count what would be done.

    Returns:
        How often what was done.

    Raises:
        VibError: Mechanical Turk is not who is asked here.
    """
    mturk = context.needed_mturk
    done: Counter[str] = Counter()
    for hit in mturk.hits():
        with context.sessions() as session:
            question = session.get(Question, hit.question_id)
        if question is not None and is_over(question):
            question = None
        with about(media_uuid=question.media_id if question else None):
            try:
                for what in chain(
                    _see_to_answers(context, mturk, hit, question, dry_run=dry_run),
                    _see_to_hit(mturk, hit, question, dry_run=dry_run),
                ):
                    done[what] += 1
            except ClientError as error:  # the others' turn; this one's comes again
                _log.warning("HIT %s was left for later: %s", hit.hit_id, error)
                done["HITs left for later"] += 1
    return done


def _see_to_answers(
    context: Services, mturk: MechanicalTurk, hit: Hit, question: Question | None, *, dry_run: bool
) -> Iterator[str]:
    """Yield what is done with each new answer; without a question nobody waits for it."""
    for assignment in mturk.assignments(hit.hit_id, "Submitted"):
        if dry_run:
            yield "answers to take in"
        elif question is None:
            yield _pay_unused(mturk, assignment)
        else:
            yield _take_in(context, mturk, question, assignment)


def _see_to_hit(
    mturk: MechanicalTurk, hit: Hit, question: Question | None, *, dry_run: bool
) -> Iterator[str]:
    """Yield what is done so that a HIT asks for what is wanted, or goes when nothing is."""
    is_open = hit.expires_at > datetime.now(UTC)
    if question is not None:
        wanted = question.wanted + len(mturk.assignments(hit.hit_id, "Rejected"))
        if is_open and wanted > hit.assignments:
            yield "HITs extended"
            if not dry_run:
                mturk.extend(hit, wanted)
    elif is_open and hit.status in {"Assignable", "Unassignable"}:
        yield "HITs ended"
        if not dry_run:
            mturk.expire(hit)
    elif hit.status == "Reviewable":
        yield "HITs deleted"
        if not dry_run:
            mturk.delete(hit)


def _take_in(
    context: Services, mturk: MechanicalTurk, question: Question, assignment: "AssignmentTypeDef"
) -> str:
    assignment_id = assignment["AssignmentId"]
    try:
        choices = choices_in(assignment["Answer"])
        check(question, choices)
    except NonsenseError as nonsense:
        _log.warning("Answer %s is rejected: %s", assignment_id, nonsense)
        mturk.reject(assignment_id, str(nonsense))
        return "answers rejected"
    if not tell_workflow(context, question, Answer(question.id, assignment_id, choices)):
        return _pay_unused(mturk, assignment)
    with context.sessions.begin() as session:
        row = {"worker_id": assignment["WorkerId"], "answered_at": assignment["SubmitTime"]}
        upsert(session, MTurkWorker, ("worker_id",), row)
    mturk.approve(assignment_id)
    return "answers accepted"


def _pay_unused(mturk: MechanicalTurk, assignment: "AssignmentTypeDef") -> str:
    """Pay for an answer that comes too late, or whose video was removed."""
    _log.info(
        "Answer %s of worker %s is paid and not used; nobody waits for it: %s",
        assignment["AssignmentId"],
        assignment["WorkerId"],
        assignment["Answer"],
    )
    mturk.approve(assignment["AssignmentId"])
    return "answers too late"
