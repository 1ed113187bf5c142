"""People say which tracks of a video are one person, and which are no good."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from vib.contacts.items import Choice, Item, items_of
from vib.contacts.questions import close, questions_of
from vib.contacts.recognise import parted
from vib.contacts.settle import choose_picture, faces_of, mark
from vib.contacts.tracks import SOMEBODY, Track, tracks_of
from vib.db.models import QuestionKind
from vib.faces.group import group_tracks
from vib.faces.results import RecognitionResult
from vib.messages import Person
from vib.recognisers.recogniser import StoredFace

MOST_ITEMS = 16
"""In one question: what a person can look through, and what a HIT's 65,535 bytes hold."""

_NEW = "new"
_FLAWS = {
    "notface": (RecognitionResult.NOT_FACE, "This is not a face"),
    "badface": (RecognitionResult.BAD_FACE, "This face cannot be made out"),
    "twoface": (RecognitionResult.TWO_FACE, "There is more than one face"),
}


def doubtful_tracks(session: Session, media_id: UUID) -> list[Item]:
    """Return what is to be asked: the parts of those who may be one person or several.

    Nobody needs to be asked where all of them have a contact. Of very many the machine decides.
    """
    items: list[Item] = []
    for parts in parted(tracks_of(session, media_id, SOMEBODY)):
        in_doubt = len(parts) > 1 and any(track.is_open for part in parts for track in part)
        if in_doubt and len(items) + len(parts) <= MOST_ITEMS:
            items += _items(parts)
    return sorted(items, key=lambda item: int(item.name))


def _items(parts: Sequence[list[Track]]) -> list[Item]:
    """Describe parts that may be one person; each may be the same as those of lower tracks."""
    items: list[Item] = []
    everything = [track for part in parts for track in part]
    machines = [{track.track_id for track in group} for group in group_tracks(everything)]
    for part in sorted(parts, key=_lowest):
        lowest = _lowest(part)
        group = next(group for group in machines if lowest in group)
        earlier = [item.name for item in items if int(item.name) in group]
        best = max(part, key=lambda track: track.score)
        same = [Choice(item.name, f"The same person as in picture {item.name}") for item in items]
        flaws = [Choice(value, text) for value, (_, text) in _FLAWS.items()]
        items.append(
            Item(
                name=str(lowest),
                tracks=sorted(track.track_id for track in part),
                picture=best.picture,
                choices=[*same, Choice(_NEW, "Somebody else"), *flaws],
                otherwise=earlier[0] if earlier else _NEW,
            )
        )
    return items


def merge(
    session: Session, media_id: UUID, answers: Mapping[str, str]
) -> tuple[list[Person], list[StoredFace]]:
    """Apply what people said about tracks; a second time changes nothing.

    Returns:
        Those of whom it is still open who they are, and the faces that are nobody's after all.
    """
    tracks = {each.track_id: each for each in tracks_of(session, media_id, list(RecognitionResult))}
    questions = questions_of(session, media_id, QuestionKind.MERGE)
    items = [item for question in questions for item in items_of(question)]
    flawed: list[Track] = []
    for item in items:
        if flaw := _FLAWS.get(_said(item, answers)):
            theirs = [tracks[number] for number in item.tracks if number in tracks]
            _mark_flawed(session, theirs, flaw[0])
            flawed += theirs
    close(session, questions)
    people = _not_asked_about(tracks.values(), items) + _asked_about(items, answers)
    still_open = [
        person
        for person in sorted(people, key=lambda person: person.tracks)
        if any(number in tracks and tracks[number].is_open for number in person.tracks)
    ]
    return still_open, faces_of(flawed)


def _not_asked_about(tracks: Iterable[Track], items: Sequence[Item]) -> list[Person]:
    """Group the other tracks as the machine does."""
    asked = {number for item in items for number in item.tracks}
    others = [
        track
        for track in tracks
        if track.track_id not in asked and (track.is_open or track.result in SOMEBODY)
    ]
    return [
        Person(sorted(track.track_id for track in group), by_people=False)
        for group in group_tracks(others)
    ]


def _asked_about(items: Sequence[Item], answers: Mapping[str, str]) -> list[Person]:
    """Bring together what is said to be the same; an item names lower ones, which come first."""
    leader: dict[str, str] = {}
    together: dict[str, list[Item]] = {}
    for item in items:
        says = _said(item, answers)
        leader[item.name] = leader.get(says, item.name)
        if says not in _FLAWS:
            together.setdefault(leader[item.name], []).append(item)
    return [
        Person(
            sorted(number for item in group for number in item.tracks),
            by_people=any(item.name in answers for item in group),
        )
        for group in together.values()
    ]


def _said(item: Item, answers: Mapping[str, str]) -> str:
    return answers.get(item.name, item.otherwise)


def _mark_flawed(session: Session, tracks: Sequence[Track], flaw: RecognitionResult) -> None:
    mark(session, tracks, flaw)
    for contact_id in {track.contact_id for track in tracks if track.contact_id is not None}:
        choose_picture(session, contact_id)


def _lowest(part: Sequence[Track]) -> int:
    return min(track.track_id for track in part)
