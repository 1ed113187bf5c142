"""Questions to people about a video's faces, whoever is asked."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vib import executions
from vib.contacts.items import Item, column_of, items_of
from vib.db.models import Question, QuestionKind
from vib.messages import Asked
from vib.services import Services

PATIENCE = timedelta(hours=36)
"""How long people have for an answer."""
_LONG_OVER = timedelta(days=1)


def workflow_id(media_id: UUID) -> str:
    """The id of the workflow that waits for answers about a video."""
    return f"people-{media_id}"


def is_over(question: Question) -> bool:
    """Whether answers come too late; its workflow may have ended without saying so."""
    closed = question.closed_at is not None
    return closed or datetime.now(UTC) > question.closes_at + _LONG_OVER


def ask(
    context: Services, media_id: UUID, kind: QuestionKind, items: Sequence[Item]
) -> list[Asked]:
    """Have people asked, once; the question, unless what came of it is applied already."""
    key = {"media_id": media_id, "kind": kind, "track_id": int(items[0].name)}
    row = {
        "items": column_of(items),
        "wanted": context.settings.mturk_assignments if context.mturk else 1,
        "closes_at": datetime.now(UTC) + PATIENCE,
    }
    with context.sessions.begin() as session:
        session.execute(insert(Question).values(**key, **row).on_conflict_do_nothing())
        question = session.scalars(select(Question).filter_by(**key)).one()
        session.expunge(question)
    if is_over(question):
        return []
    if context.mturk and question.hit_id is None:
        hit_id = context.mturk.ask(question, items_of(question))
        with context.sessions.begin() as session:
            session.execute(update(Question).filter_by(id=question.id).values(hit_id=hit_id))
    return [Asked(question.id, question.wanted)]


def questions_of(session: Session, media_id: UUID, kind: QuestionKind) -> list[Question]:
    """What is or was asked about a video."""
    asked = select(Question).filter_by(media_id=media_id, kind=kind).order_by(Question.track_id)
    return list(session.scalars(asked))


def open_questions(session: Session, media_id: UUID) -> list[Question]:
    """What is asked about a video now."""
    asked = select(Question).filter_by(media_id=media_id).order_by(Question.kind, Question.track_id)
    return [question for question in session.scalars(asked) if not is_over(question)]


def close(session: Session, questions: Iterable[Question]) -> None:
    """Say that what came of questions is applied; whoever answers now is too late."""
    mine = Question.id.in_([question.id for question in questions])
    session.execute(
        update(Question).where(mine, Question.closed_at.is_(None)).values(closed_at=func.now())
    )


def stop_asking(context: Services, media_id: UUID) -> None:
    """Ask nothing more about a video's faces, because they go. `collect-mturk` ends the HITs."""
    executions.stop(context.swf, workflow_id(media_id), "the faces go")
    with context.sessions.begin() as session:
        session.execute(delete(Question).filter_by(media_id=media_id))
