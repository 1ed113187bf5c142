from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.orm import Session

from vib.db.models import Feature
from vib.db.queries import save_asset, upsert

if TYPE_CHECKING:
    from vib.faces.shots import FaceShot


def save_face(
    session: Session, shot: "FaceShot", asset: Mapping[str, Any], feature: Mapping[str, Any]
) -> UUID:
    """Write the rows of a face whose picture is stored; the id of its asset.

    Args:
        session: the database.
        shot: the face.
        asset: what its asset's row has that the shot does not tell: whose, of which type and name.
        feature: the same of its feature's row: its track, and what was made of it.
    """
    width, height = shot.size
    picture = {
        "mimetype": "image/jpeg", "bytes": len(shot.picture), "width": width, "height": height,
    }  # fmt: skip
    asset_id = save_asset(session, **asset, **picture)
    x, y, w, h = shot.box
    row = {
        "asset_id": asset_id,
        "coordinates": {
            "x": x, "y": y, "width": w, "height": h,
            "yaw": shot.yaw, "pitch": shot.pitch, "roll": shot.roll,
            "sharpness": shot.sharpness,
        },
        "detection_confidence": shot.confidence,
        "score": shot.score,
        "embedding": shot.embedding,
        **feature,
    }  # fmt: skip
    upsert(session, Feature, ("asset_id",), row)
    return asset_id
