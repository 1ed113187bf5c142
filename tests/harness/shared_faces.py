"""Photographs and films of people with their labels; they are no part of the project."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "faces"


@dataclass(frozen=True)
class SharedFaces:
    """What there is, in `folder`."""

    folder: Path
    boxes: dict[str, Any]
    identities: dict[str, str]

    def picture(self, name: str, size: Sequence[int] | None = None) -> NDArray[np.uint8]:
        with Image.open(self.folder / name) as image:
            rgb = image.convert("RGB")
        return np.asarray(rgb.resize(tuple(size), Image.Resampling.BILINEAR) if size else rgb)


def labelled_faces() -> SharedFaces:
    """The labelled faces beside the checkout; without them the test is left out."""
    labels = SHARED / "labels.json"
    if not labels.exists():
        pytest.skip(f"The labelled faces are not there: {labels.resolve()}")
    read = json.loads(labels.read_text())
    return SharedFaces(SHARED, read["boxes"], read["identities"])
