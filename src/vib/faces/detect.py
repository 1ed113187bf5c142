from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from vib.faces.geometry import Box, apart, overlap, scaled
from vib.faces.models import YUNET, open_network

LONGEST_SIDE = 640
_WIDE = 1920  # pixels; from here on pictures have room for small faces, and get
_WIDE_FACTOR = 1.5  # times the side
THRESHOLD = 0.7
_SAME_FACE_OVERLAP = 0.3  # intersection over union
_AROUND = 1.0  # of a face's longer side: how far around it is looked for where it was
_AGAIN_WIDTH, _AGAIN_MARGIN = 64, 0.6  # pixels, to bring a face to; of its longer side, around it
_MOST = 0.5  # of a picture, up to which its parts are cheaper than the whole
_STRIDES = (8, 16, 32)
_OUTPUTS = [f"{kind}_{stride}" for stride, kind in product(_STRIDES, ("cls", "obj", "bbox", "kps"))]


@dataclass(frozen=True, eq=False)
class Detection:
    """A face in a picture.

    Attributes:
        box: left, top, width, height in pixels; a face at the edge may reach beyond it.
        score: how sure the detector is, up to 1.
        landmarks: (5, 2), x and y of the right eye, the left eye, the tip of the nose, the right
            and the left corner of the mouth; right and left as the person has them.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32]

    def scaled(self, x: float, y: float) -> "Detection":
        """Return the same face in a picture stretched by `x` across and `y` down."""
        box = scaled(self.box, x, y)
        return Detection(box, self.score, self.landmarks * np.array([x, y], np.float32))

    def moved(self, x: float, y: float) -> "Detection":
        """Return the same face in a picture with so many more pixels to the left and above."""
        left, top, width, height = self.box
        box = (left + x, top + y, width, height)
        return Detection(box, self.score, self.landmarks + np.array([x, y], np.float32))


class Detector:
    """Finds faces with YuNet (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector")."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession | None = None,
        *,
        longest_side: int = LONGEST_SIDE,
        threshold: float = THRESHOLD,
    ) -> None:
        """Make a detector.

        Args:
            session: the network `YUNET`, opened; by default opened here, for one thread.
            longest_side: larger pictures are scaled down to it, in pixels; those of 1920 pixels and
                more, in which faces may be small, to half as much again.
            threshold: the score from which something is a face.
        """
        self._longest_side = longest_side
        self._threshold = threshold
        self._session = session or open_network(YUNET)

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """Find the faces of a picture (height, width, 3), the surest first."""
        height, width = rgb.shape[:2]
        scale = min(1.0, self.side_for(max(width, height)) / max(width, height))
        if scale == 1:
            return self.detect_unscaled(rgb)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        # Halving roughly first is faster, and none the worse for detection.
        picture = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
        stretch = width / size[0], height / size[1]
        return [face.scaled(*stretch) for face in self.detect_unscaled(np.asarray(picture))]

    def side_for(self, longest: int) -> float:
        """Return the longer side, in pixels, at which to look at pictures with this longer side."""
        return self._longest_side * (_WIDE_FACTOR if longest >= _WIDE else 1)

    def detect_unscaled(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """Find the faces of a picture that has been scaled, (height, width, 3)."""
        padded = _padded(rgb)
        outputs = self._session.run(_OUTPUTS, {"picture": padded[None]})
        boxes, scores, landmarks = self._decoded(outputs, padded.shape[1])
        return [
            Detection(_box(boxes[index]), float(scores[index]), landmarks[index])
            for index in _best_of_each_face(boxes, scores)
        ]

    def detect_near(self, rgb: NDArray[np.uint8], places: Sequence[Box]) -> list[Detection]:
        """Find the faces of a picture that has been scaled, but only those near these places."""
        height, width = rgb.shape[:2]
        parts = apart([_around(box, width, height) for box in places])
        if sum(part[2] * part[3] for part in parts) > _MOST * width * height:
            return self.detect_unscaled(rgb)
        found = []
        for left, top, across, down in parts:
            part = rgb[int(top) : int(top + down), int(left) : int(left + across)]
            found += [face.moved(left, top) for face in self.detect_unscaled(part)]
        return found

    def look_again(self, rgb: NDArray[np.uint8], face: Detection) -> Detection:
        """Look at a face alone, where it is neither small nor large: its landmarks lie better then.

        Embeddings depend on them: of pairs of one person that are told from a thousand others, in
        photographs with faces 36 pixels wide, an eighth is lost without it.
        """
        height, width = rgb.shape[:2]
        left, top, right, bottom = _corners(face.box, _AGAIN_MARGIN, width, height)
        scale = _AGAIN_WIDTH / face.box[2]
        size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        part = Image.fromarray(rgb[top:bottom, left:right]).resize(
            size, Image.Resampling.BICUBIC, reducing_gap=2
        )
        x, y = (right - left) / size[0], (bottom - top) / size[1]
        seen = [one.scaled(x, y).moved(left, top) for one in self.detect_unscaled(np.asarray(part))]
        best = max(seen, key=lambda one: overlap(one.box, face.box), default=None)
        if best is None or overlap(best.box, face.box) < _SAME_FACE_OVERLAP:
            return face
        return replace(face, landmarks=best.landmarks)

    def _decoded(
        self, outputs: list[NDArray[np.float32]], width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Read YuNet's answers: at each place of three grids, a box and its score.

        A box is given by how far its centre is from the place, in steps of the grid, and by the
        logarithms of its sides, in the same unit; landmarks by their distances from the place.

        Returns:
            Boxes (n, 4) as left, top, width, height; scores (n,); landmarks (n, 5, 2).
        """
        found = []
        for stride, answers in zip(_STRIDES, zip(*[iter(outputs)] * 4, strict=True), strict=True):
            faceness, objectness, boxes, landmarks = (answer[0] for answer in answers)
            scores = np.sqrt(faceness * objectness)[:, 0]
            places = np.flatnonzero(scores >= self._threshold)
            rows, columns = np.divmod(places, width // stride)
            grid = np.stack([columns, rows], axis=1).astype(np.float32)
            sides = np.exp(boxes[places, 2:]) * stride
            corners = (grid + boxes[places, :2]) * stride - sides / 2
            points = (grid[:, None] + landmarks[places].reshape(-1, 5, 2)) * stride
            found.append((np.hstack([corners, sides]), scores[places], points))
        boxes, scores, points = (np.concatenate(part) for part in zip(*found, strict=True))
        return boxes, scores, points


def _around(box: Box, width: int, height: int) -> Box:
    """Return the whole pixels, inside the picture, where a face that was in a box may be now."""
    left, top, right, bottom = _corners(box, _AROUND, width, height)
    return left, top, right - left, bottom - top


def _corners(box: Box, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box with a margin: at least a pixel, all inside."""
    left, top, across, down = box
    spare = margin * max(across, down)
    first_x, first_y = (
        min(max(int(start - spare), 0), size - 1) for start, size in ((left, width), (top, height))
    )
    right, bottom = int(left + across + spare), int(top + down + spare)
    return (
        first_x,
        first_y,
        max(min(right, width), first_x + 1),
        max(min(bottom, height), first_y + 1),
    )


def _padded(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill a picture up with black, to the right and below, to sides that the network can halve."""
    coarsest = _STRIDES[-1]
    height, width = rgb.shape[:2]
    return np.pad(rgb, ((0, -height % coarsest), (0, -width % coarsest), (0, 0)))


def _best_of_each_face(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Return which boxes to keep, the surest first: none that overlaps a surer one much."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        box = _box(boxes[index])
        if all(overlap(box, _box(boxes[other])) < _SAME_FACE_OVERLAP for other in kept):
            kept.append(int(index))
    return kept


def _box(values: NDArray[np.float32]) -> Box:
    left, top, width, height = map(float, values)
    return left, top, width, height
