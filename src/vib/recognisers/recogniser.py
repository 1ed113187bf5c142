"""What the pipeline asks of whoever tells faces apart.

Whose a stored face is, the database says, and it alone: a recogniser is never told a contact. It
finds stored faces that look like new ones, and what it finds is looked up in the database. So a
face that changes hands, contacts that become one and contacts that are deleted need no second
change anywhere else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from vib.faces.results import RecognitionResult

NAMED = 0.85
"""Likeness from which the machine gives a face a contact's name by itself."""
SUGGESTED = 0.80
"""Likeness from which a contact is worth suggesting to a person who is asked."""


@dataclass(frozen=True, eq=False)
class StoredFace:
    """A face whose picture is stored.

    Attributes:
        face_id: its asset's.
        key: its picture's, in the storage.
        embedding: what it looks like, (128,).
    """

    face_id: UUID
    key: str
    embedding: NDArray[np.float32]


@dataclass(frozen=True)
class Candidate:
    """A contact who may be the person.

    Attributes:
        contact_id: who.
        likeness: how much alike they look, 0 to 1; see `NAMED` and `SUGGESTED`.
    """

    contact_id: UUID
    likeness: float


class Recogniser(Protocol):
    """Finds the contacts of a user whom faces look like.

    Each method may be called again with the same arguments, and nothing more happens.
    """

    def flaw(self, picture: bytes) -> RecognitionResult | None:
        """Look once more at the picture of a face, a JPEG file with some margin around the face.

        Returns:
            NOT_FACE, TWO_FACE or BAD_FACE; None for a face that people can be told apart by.
        """

    def learn(self, user_id: UUID, faces: Sequence[StoredFace]) -> None:
        """Remember faces of a user's contacts, to find them in later videos."""

    def candidates(
        self, session: Session, user_id: UUID, faces: Sequence[StoredFace], *, media_id: UUID
    ) -> list[Candidate]:
        """Find the contacts whom one person looks like, the likeliest first, at most ten.

        Args:
            session: the database.
            user_id: whose contacts.
            faces: the person's good faces, at least one.
            media_id: a video to leave out: what a first run found in it must not sway a second.
        """

    def forget(self, user_id: UUID, face_ids: Collection[UUID]) -> None:
        """Remember these faces no more."""

    def forget_user(self, user_id: UUID) -> None:
        """Remember none of the user's faces any more."""
