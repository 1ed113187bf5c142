"""What the machine makes of a video's faces by itself, and what it leaves to people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from vib.contacts.settle import faces_of, faces_to_learn, give_to, give_to_new_contact, mark
from vib.contacts.tracks import BY_MACHINE, Track, tracks_of
from vib.db.models import Contact
from vib.faces.group import POSSIBLY_SAME, SURELY_SAME, group_tracks
from vib.faces.results import RecognitionResult
from vib.messages import VideoJob
from vib.recognisers.recogniser import NAMED, SUGGESTED, Candidate, Recogniser, StoredFace


@dataclass(frozen=True)
class Recognised:
    """What came of a video's faces.

    Attributes:
        people: how many the machine knows, or takes for new.
        unsure: how many it leaves to people.
        to_learn: the faces that their contacts can be known by from now on.
    """

    people: int
    unsure: int
    to_learn: Sequence[StoredFace]


def recognise(
    session: Session, job: VideoJob, recogniser: Recogniser, *, ask: bool = False
) -> Recognised:
    """Match the stored faces of a video against its user's contacts; whoever is new becomes one.

    Faces with a flaw, and those that people were asked about, stay as they are. The recogniser is
    to learn the faces when the session is committed, and not before.

    Args:
        session: the database.
        job: the video.
        recogniser: who tells faces apart.
        ask: leave what is in doubt without a result, for people to be asked; else decide it.
    """
    tracks = tracks_of(session, job.media_id, BY_MACHINE)
    people = set()
    unsure = 0
    to_learn: list[StoredFace] = []
    for group, in_doubt in _groups(tracks, ask=ask):
        candidates = recogniser.candidates(
            session, job.user_id, faces_of(group), media_id=job.media_id
        )
        if is_named(candidates):
            contact_id = candidates[0].contact_id
            result = RecognitionResult.MACHINE_RECOGNIZED
            give_to(session, group, contact_id, result, candidates[0].likeness)
        elif ask and (in_doubt or suggestions(session, candidates)):
            mark(session, group, None)
            unsure += 1
            continue
        else:
            contact_id = give_to_new_contact(session, job, group)
        people.add(contact_id)
        to_learn += faces_to_learn(group)
    return Recognised(len(people), unsure, to_learn)


def _groups(tracks: Sequence[Track], *, ask: bool) -> Iterator[tuple[list[Track], bool]]:
    """Yield the tracks of each person, and whether others may be the same person."""
    if not ask:
        for group in group_tracks(tracks):
            yield group, False
        return
    for parts in parted(tracks):
        for part in parts:
            yield part, len(parts) > 1


def parted(tracks: Sequence[Track]) -> list[list[list[Track]]]:
    """Bring together what may be one person, in parts that surely are; one part: no doubt."""
    return [
        group_tracks(possible, up_to=SURELY_SAME)
        for possible in group_tracks(tracks, up_to=POSSIBLY_SAME)
    ]


def is_named(candidates: Sequence[Candidate]) -> bool:
    """Whether the machine is sure of the likeliest contact."""
    return bool(candidates) and candidates[0].likeness >= NAMED


def suggestions(session: Session, candidates: Sequence[Candidate]) -> list[Contact]:
    """Return the contacts whom people could tell to be the person, the likeliest first.

    They need to be likely enough, and to have a picture to compare with.
    """
    likely = [each.contact_id for each in candidates if each.likeness >= SUGGESTED]
    shown = select(Contact).where(Contact.id.in_(likely), Contact.picture_key.is_not(None))
    return sorted(session.scalars(shown), key=lambda contact: likely.index(contact.id))
