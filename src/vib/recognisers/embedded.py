from collections.abc import Collection, Sequence
from functools import cached_property
from io import BytesIO
from uuid import UUID

import numpy as np
from pgvector.sqlalchemy import Vector
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vib.db.models import EMBEDDING_SIZE, Asset, Contact, Feature
from vib.faces.results import GOOD_SCORE, MOST_TURNED, RecognitionResult
from vib.faces.second_look import SecondLook
from vib.recognisers.recogniser import Candidate, StoredFace

_MOST = 10  # candidates


class EmbeddedRecogniser:
    """Compares embeddings, which the database keeps with the faces, where they are.

    A contact is the mean of its good faces that look ahead. There is no index of neighbours: a user
    has hundreds of contacts, which an ordinary index finds, and one over all users' faces would
    mostly find other users'.
    """

    @cached_property
    def _second_look(self) -> SecondLook:
        return SecondLook()

    def flaw(self, picture: bytes) -> RecognitionResult | None:
        """See `Recogniser`."""
        with Image.open(BytesIO(picture)) as image:
            return self._second_look.flaw(np.asarray(image.convert("RGB")))

    def learn(self, user_id: UUID, faces: Sequence[StoredFace]) -> None:
        """Do nothing: the database has them already."""

    def candidates(
        self, session: Session, user_id: UUID, faces: Sequence[StoredFace], *, media_id: UUID
    ) -> list[Candidate]:
        """See `Recogniser`."""
        looks = np.mean([face.embedding for face in faces], axis=0)
        centroid = func.avg(Feature.embedding, type_=Vector(EMBEDDING_SIZE))
        distance = centroid.l2_distance(looks)
        rows = session.execute(
            select(Feature.contact_id, distance)
            .join(Contact, Contact.id == Feature.contact_id)
            .join(Asset, Asset.id == Feature.asset_id)
            .where(
                Contact.user_id == user_id,
                Asset.media_id != media_id,
                Feature.score >= GOOD_SCORE,
                *(
                    func.abs(Feature.coordinates[angle].as_float()) <= MOST_TURNED
                    for angle in ("yaw", "pitch")
                ),
            )
            .group_by(Feature.contact_id)
            .order_by(distance, Feature.contact_id)
            .limit(_MOST)
        )
        return [Candidate(contact_id, likeness(far)) for contact_id, far in rows]

    def forget(self, user_id: UUID, face_ids: Collection[UUID]) -> None:
        """Do nothing: what the database no longer has is not found."""

    def forget_user(self, user_id: UUID) -> None:
        """Do nothing: what the database no longer has is not found."""


def likeness(distance: float) -> float:
    """Return how alike two faces are whose embeddings lie this far apart.

    On photographs of people whom the limits were not chosen on, a stranger lies within 0.5 of a
    contact once in some hundred times (`NAMED`), and hardly anybody lies farther than 0.6 from
    themselves (`SUGGESTED`).
    """
    return min(max(1.1 - distance / 2, 0.0), 1.0)
