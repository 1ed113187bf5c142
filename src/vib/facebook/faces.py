"""Friends' faces: found on their pictures, kept with them, learned."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from vib import keys
from vib.contacts.learning import learn
from vib.contacts.settle import choose_picture
from vib.db.faces import save_face
from vib.db.models import AssetType, Contact, Media, MediaStatus, MediaType
from vib.facebook.download import Unreachable
from vib.facebook.names import PROVIDER, media_id, tag
from vib.facebook.pictures import NoPicture
from vib.faces.confined import open_photographs
from vib.faces.photograph import PhotographFaces
from vib.faces.photograph_file import BadPhotograph, Photograph
from vib.faces.results import MOST_TURNED, RecognitionResult
from vib.faces.shots import FaceShot
from vib.recognisers.recogniser import StoredFace
from vib.services import Services

_FETCHED_AT_ONCE = 4
_ALONE = 0.5  # how wide a second face may be, in widths of the first
_log = logging.getLogger(__name__)


class PicturesMissing(Exception):  # noqa: N818 - named for what is wrong
    """Some pictures could not be fetched; trying again may help."""


def add_faces(context: Services, friends: Sequence[Contact]) -> int:
    """Give friends the faces that their pictures show; of how many there is one.

    Raises:
        PicturesMissing: some could not be fetched now. All others are done.
        OSError: the machine is in the way.
    """
    found = 0
    with TemporaryDirectory(dir=context.scratch_folder) as folder:
        fetched, missing = _fetch(context, friends, Path(folder))
        for friend, shot in _shots(context, fetched, Path(folder)):
            if shot is not None and _keep(context, friend, shot, Path(folder)):
                found += 1
    if missing:
        raise PicturesMissing(f"{len(missing)} of {len(friends)} pictures: {missing[0]}")
    return found


def _fetch(
    context: Services, friends: Sequence[Contact], folder: Path
) -> tuple[list[Contact], list[Unreachable]]:
    """Fetch pictures, some at a time: the friends whose is there, and why others' are missing."""

    def fetch(friend: Contact) -> NoPicture | Unreachable | None:
        try:
            context.pictures.fetch(friend.picture_uri or "", folder / str(friend.id))
        except (NoPicture, Unreachable) as error:
            return error
        return None

    with ThreadPoolExecutor(_FETCHED_AT_ONCE) as pool:
        results = list(zip(friends, pool.map(fetch, friends), strict=True))
    for friend, result in results:
        if result is not None:
            _log.info("no picture of contact %s: %s", friend.id, result)
    fetched = [friend for friend, result in results if result is None]
    return fetched, [result for _, result in results if isinstance(result, Unreachable)]


def _shots(
    context: Services, friends: Sequence[Contact], folder: Path
) -> Iterator[tuple[Contact, FaceShot | None]]:
    if not friends:
        return
    opened = open_photographs([folder / str(friend.id) for friend in friends], folder)
    for friend, photograph in zip(friends, opened, strict=True):
        if isinstance(photograph, BadPhotograph):
            _log.info("the picture of contact %s is none: %s", friend.id, photograph)
            yield friend, None
        else:
            yield friend, _face(context, photograph)


def _face(context: Services, photograph: Photograph) -> FaceShot | None:
    """The face that must be the friend's: a good one, and nobody beside them is as large."""
    shots = _networks().find_in(photograph)
    if not shots or shots[0].embedding is None:
        return None
    if len(shots) > 1 and shots[1].box[2] > _ALONE * shots[0].box[2]:
        return None
    return shots[0] if context.recogniser.flaw(shots[0].picture) is None else None


@cache
def _networks() -> PhotographFaces:
    return PhotographFaces()


def _keep(context: Services, friend: Contact, shot: FaceShot, folder: Path) -> bool:
    """Keep a friend's face; not if they are no contact any more.

    The row comes before the file, which `sync` would take for nobody's, and the recogniser hears
    of it when the database has it.
    """
    picture_id = media_id(friend.id)
    key = keys.made(picture_id, "fb_face.jpg")
    if not _claim(context, friend, picture_id):
        return False
    path = folder / "face.jpg"
    path.write_bytes(shot.picture)
    context.storage.save(key, path)
    face_id = _save(context, friend, shot, key)
    assert shot.embedding is not None  # noqa: S101 - only such are kept
    if all(abs(angle) <= MOST_TURNED for angle in (shot.yaw, shot.pitch)):
        learn(context, friend.user_id, [StoredFace(face_id, key, shot.embedding)])
    return True


def _claim(context: Services, friend: Contact, picture_id: UUID) -> bool:
    """Write the row of a friend's picture while they are a contact; whether they are."""
    this = select(Contact.id).filter_by(id=friend.id, provider=PROVIDER)
    name = tag(friend.name or "", friend.provider_id or "")
    row = insert(Media).values(
        id=picture_id,
        user_id=friend.user_id,
        media_type=MediaType.FB_FACE,
        filename=f"{name}.jpg",
        title=friend.name or name,
        status=MediaStatus.COMPLETE,
        duration=0.0,
    )
    with context.sessions.begin() as session:
        # Whoever removes the contact waits for this row, and removes it too.
        if session.scalar(this.with_for_update(read=True, key_share=True)) is None:
            return False
        session.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    return True


def _save(context: Services, friend: Contact, shot: FaceShot, key: str) -> UUID:
    asset = {
        "media_id": media_id(friend.id),
        "asset_type": AssetType.FB_FACE,
        "name": "",
        "key": key,
    }
    feature = {
        "track_id": 0,
        "track_first_seen": 0.0,
        "track_last_seen": 0.0,
        "contact_id": friend.id,
        # It was the user's friend, or they themselves, who chose this picture.
        "recognition_result": RecognitionResult.HUMAN_RECOGNIZED,
        "recognition_confidence": None,
    }
    with context.sessions.begin() as session:
        face_id = save_face(session, shot, asset, feature)
        choose_picture(session, friend.id)
    return face_id
