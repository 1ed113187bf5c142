import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from vib import executions
from vib.contacts.items import items_of
from vib.contacts.questions import open_questions
from vib.db.models import Asset, Base, Media, User
from vib.db.people import contacts_of, people_in, user_id_of
from vib.db.queries import stages_of
from vib.errors import VibError
from vib.services import Services
from vib.tables import files_table, people_table, stages_table


def show_video(context: Services, media_id: UUID, *, as_json: bool) -> int:
    """Print what is known of a video.

    Raises:
        VibError: there is none.
    """
    workflow = _workflow(context, media_id)
    with context.sessions() as session:
        media = session.get(Media, media_id)
        if media is None:
            raise VibError(f"There is no video {media_id}.")
        if as_json:
            print(json.dumps(_video(session, media, workflow), default=str))  # noqa: T201
            return 0
        facts = {
            "Video": str(media.id),
            "User": f"{session.get_one(User, media.user_id).email} ({media.user_id})",
            "Status": f"{media.status}{f': {media.failure}' if media.failure else ''}",
            "Workflow": " ".join(workflow.values()) or "unknown to SWF",
            "Asked": _asked(session, media_id) or "nobody",
            "Taken in": f"{media.created_at:%Y-%m-%d %H:%M:%S %Z}",
        }
        console = Console(markup=False)
        for name, said in facts.items():
            console.print(f"{name:<9} {said}", soft_wrap=True)
        console.print(files_table(session, media))
        console.print(stages_table(session, media))
        if people := people_in(session, media_id):
            console.print(people_table(media, people))
    return 0


def show_people(context: Services, user: str, *, as_json: bool) -> int:
    """Print a user's contacts.

    Raises:
        VibError: there is no such user.
    """
    with context.sessions() as session:
        contacts = contacts_of(session, user_id_of(session, user))
    if as_json:
        print(json.dumps([asdict(each) for each in contacts], default=str))  # noqa: T201
        return 0
    table = Table("Contact", "Name", "From", "Videos", "Faces", "Picture")
    for each in contacts:
        table.add_row(
            str(each.contact_id),
            each.name or "",
            each.provider or "",
            str(each.videos),
            str(each.faces),
            each.picture_key or each.picture_uri or "",
        )
    Console(markup=False).print(table)
    return 0


def show_questions(context: Services, media_id: UUID) -> int:
    """Print what people are asked about a video, with the addresses of its pictures.

    Raises:
        VibError: they are asked nothing.
    """
    with context.sessions() as session:
        questions = open_questions(session, media_id)
    if not questions:
        raise VibError(f"Nobody is asked anything about a video {media_id}: see vib show.")
    console = Console(markup=False, highlight=False)
    for question in questions:
        lives = max(question.closes_at - datetime.now(UTC), timedelta(hours=1))
        lines = [f"Question {question.id} until {question.closes_at:%Y-%m-%d %H:%M %Z}"]
        for item in items_of(question):
            lines.append(f"  picture {item.name}: {context.storage.url(item.picture, lives)}")
            for choice in item.choices:
                lines.append(f"    {item.name}={choice.value}  {choice.text}")
                if choice.picture:
                    lines.append(f"      {context.storage.url(choice.picture, lives)}")
        console.print("\n".join(lines), soft_wrap=True)
    return 0


def _asked(session: Session, media_id: UUID) -> str:
    """What people are asked, in a few words."""
    questions = open_questions(session, media_id)
    if not questions:
        return ""
    last = max(question.closes_at for question in questions)
    return f"people, {len(questions)} questions, until {last:%Y-%m-%d %H:%M %Z}"


def _workflow(context: Services, media_id: UUID) -> dict[str, str]:
    execution = executions.latest(context.swf, media_id)
    if execution is None:
        return {}
    return {"status": execution.status(), "run_id": execution.run_id}


def _video(session: Session, media: Media, workflow: dict[str, str]) -> dict[str, Any]:
    files = session.scalars(select(Asset).filter_by(media_id=media.id).order_by(Asset.key))
    return {
        **_row(media),
        "workflow": workflow,
        "files": [_row(file) for file in files],
        "questions": [_row(question) for question in open_questions(session, media.id)],
        "stages": [_row(stage) for stage in stages_of(session, media.id)],
        "people": [asdict(person) for person in people_in(session, media.id)],
    }


def _row(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
