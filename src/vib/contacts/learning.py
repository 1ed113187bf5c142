from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from vib.db.models import Feature
from vib.recognisers.recogniser import StoredFace
from vib.services import Services


def learn(context: Services, user_id: UUID, faces: Sequence[StoredFace]) -> None:
    """Have people be known by their faces from now on, but for faces that are removed meanwhile.

    Whoever removes a face has the recogniser forget it before its row goes and again after that: so
    a face that was learned in between is forgotten there, and one that was learned later here.
    """
    if not faces:
        return
    context.recogniser.learn(user_id, faces)
    ids = {face.face_id for face in faces}
    with context.sessions() as session:
        there = session.scalars(select(Feature.asset_id).where(Feature.asset_id.in_(ids))).all()
    context.recogniser.forget(user_id, ids.difference(there))
