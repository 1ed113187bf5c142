"""Looks once more at the picture of a face alone, where it is large whatever it was before.

What only happens to look like a face in a frame hardly ever does so at two sizes: on labelled
photographs this refuses nineteen of twenty that the detector took for faces with a low score, and
none that are faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.detect import Detector
from vib.faces.geometry import Box, covers, hidden
from vib.faces.results import RecognitionResult

_SIDE = 128  # pixels of the picture's longer side, which leaves some 70 to the face
_SURE = 0.7
_SEEN = 0.5  # what is less is not even doubtful
_MIXED = 0.4  # of the smaller of two faces that one hides or is hidden by


@dataclass(frozen=True)
class Seen:
    """What a detector sees in the picture of a face.

    Attributes:
        box: where, in the units of the picture's size.
        confidence: how sure the detector is that it is a face, up to 1.
    """

    box: Box
    confidence: float


class SecondLook:
    """Looks at pictures of faces with a detector of its own."""

    def __init__(self, detector: Detector | None = None) -> None:
        """Take a detector that also tells what it doubts; by default one is made."""
        self._detector = detector or Detector(threshold=_SEEN, longest_side=_SIDE)

    def flaw(self, rgb: NDArray[np.uint8]) -> RecognitionResult | None:
        """Tell what is wrong with the picture of a face, (height, width, 3), if anything is."""
        height, width = rgb.shape[:2]
        seen = [Seen(face.box, face.score) for face in self._detector.detect(_enlarged(rgb))]
        scale = max(1.0, _SIDE / max(width, height))
        return flaw_of(seen, (width * scale, height * scale), sure=_SURE)


def flaw_of(
    seen: Sequence[Seen], size: tuple[float, float], *, sure: float
) -> RecognitionResult | None:
    """Tell what is wrong with the picture of a face, from what a detector sees in it.

    Args:
        seen: what it sees.
        size: the picture's width and height.
        sure: the confidence from which something is a face.

    Returns:
        NOT_FACE if nothing is seen where the face should be, in the middle; BAD_FACE if it is
        doubtful; TWO_FACE if another one lies over it, so that nobody can say whose picture it is.
    """
    width, height = size
    middle = [face for face in seen if covers(face.box, (width / 2, height / 2))]
    if not middle:
        return RecognitionResult.NOT_FACE
    face = max(middle, key=lambda face: face.confidence)
    if face.confidence < sure:
        return RecognitionResult.BAD_FACE
    for other in seen:
        if other is not face and other.confidence >= sure and hidden(other.box, face.box) >= _MIXED:
            return RecognitionResult.TWO_FACE
    return None


def _enlarged(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = _SIDE / max(rgb.shape[:2])
    if scale <= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR))
