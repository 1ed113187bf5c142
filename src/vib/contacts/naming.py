"""People say who somebody in a video is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from vib.contacts.items import Choice, Item
from vib.contacts.questions import close, questions_of
from vib.contacts.recognise import is_named, suggestions
from vib.contacts.settle import faces_of, faces_to_learn, give_to, give_to_new_contact
from vib.contacts.tracks import SOMEBODY, Track, tracks_of
from vib.db.models import Contact, QuestionKind
from vib.faces.results import RecognitionResult
from vib.messages import Person, VideoJob
from vib.recognisers.recogniser import Recogniser, StoredFace

_NEW = "new_face"


def settle_or_ask(
    session: Session, job: VideoJob, recogniser: Recogniser, people: Sequence[Person]
) -> tuple[list[Item], list[StoredFace]]:
    """Settle who those are about whom there is no doubt any more; a second time changes nothing.

    Returns:
        What is to be asked of the others, and the faces that people can be known by from now on.
    """
    items: list[Item] = []
    to_learn: list[StoredFace] = []
    for found in _find(session, job.media_id, people):
        contacts = _settle(session, job, recogniser, found) if found.left else []
        if contacts:
            items.append(_item(found.tracks, contacts))
        else:
            to_learn += faces_to_learn(found.tracks)
    return items, to_learn


def _settle(
    session: Session, job: VideoJob, recogniser: Recogniser, found: "_Found"
) -> list[Contact]:
    """Settle who somebody is; if there is doubt, return the contacts who it may be."""
    known = next((track.contact_id for track in found.tracks if track.contact_id), None)
    if known is not None:  # one of their tracks was named before others were said to be the same
        give_to(session, found.left, known, found.same_person_says)
        return []
    faces = faces_of(found.tracks)
    candidates = recogniser.candidates(session, job.user_id, faces, media_id=job.media_id)
    if is_named(candidates):
        likeliest, result = candidates[0], RecognitionResult.MACHINE_RECOGNIZED
        give_to(session, found.left, likeliest.contact_id, result, likeliest.likeness)
        return []
    contacts = suggestions(session, candidates)
    if not contacts:
        give_to_new_contact(session, job, found.left)
    return contacts


def _item(tracks: Sequence[Track], contacts: Sequence[Contact]) -> Item:
    best = max(tracks, key=lambda track: track.score)
    known = [
        Choice(str(contact.id), f"This person ({number})", contact.picture_key)
        for number, contact in enumerate(contacts, 1)
    ]
    numbers = sorted(track.track_id for track in tracks)
    choices = [*known, Choice(_NEW, "None of these people")]
    return Item(str(numbers[0]), numbers, best.picture, choices, otherwise=_NEW)


def name(
    session: Session, job: VideoJob, people: Sequence[Person], answers: Mapping[str, str]
) -> list[StoredFace]:
    """Apply what people said of who those are that are still open; a second time changes nothing.

    A contact who was deleted meanwhile is nobody: the person is new then.

    Returns:
        The faces that people can be known by from now on.
    """
    to_learn: list[StoredFace] = []
    for found in _find(session, job.media_id, people):
        if found.left:
            says = answers.get(str(min(track.track_id for track in found.tracks)), _NEW)
            contact_id = None if says == _NEW else _existing(session, job.user_id, says)
            if contact_id is None:
                give_to_new_contact(session, job, found.left)
            else:
                give_to(session, found.left, contact_id, RecognitionResult.HUMAN_RECOGNIZED)
        to_learn += faces_to_learn(found.tracks)
    close(session, questions_of(session, job.media_id, QuestionKind.RECOGNIZE))
    return to_learn


@dataclass(frozen=True)
class _Found:
    """Somebody in a video, with all of their tracks, and with those of which it is open whose."""

    tracks: Sequence[Track]
    left: Sequence[Track]
    same_person_says: RecognitionResult


def _find(session: Session, media_id: UUID, people: Sequence[Person]) -> Iterator[_Found]:
    tracks = {track.track_id: track for track in tracks_of(session, media_id, SOMEBODY)}
    for person in people:
        theirs = [tracks[number] for number in person.tracks if number in tracks]
        yield _Found(
            theirs,
            [track for track in theirs if track.is_open],
            RecognitionResult.HUMAN_RECOGNIZED
            if person.by_people
            else RecognitionResult.MACHINE_RECOGNIZED,
        )


def _existing(session: Session, user_id: UUID, contact_id: str) -> UUID | None:
    is_meant = cast(Contact.id, String) == contact_id
    return session.scalar(select(Contact.id).where(is_meant, Contact.user_id == user_id))
