"""Follows faces from one sampled frame to the next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.geometry import Box

_FARTHEST = 0.8  # of its size, that a face may move in a quarter of a second: somebody who walks
_STEADY = 0.25  # of its size, that it moves at most while every other frame will do
_RESIZED = 1.6  # times its size, either way, that it may be then
MISSED = 2  # frames running in which a face may not be found: hidden, or turned away
_THUMBNAIL = (32, 18)
_FEW = 4  # of so many rows and columns one is enough for it
_SAME_SCENE = 0.5


class CutFinder:
    """Tells where a video cuts to another shot, from frames a fraction of a second apart.

    Compares coarse thumbnails by their correlation, which changes of brightness do not touch. A
    wild movement of the camera may pass for a cut, which costs little: a person's tracks are
    brought together again by what the face looks like.
    """

    def __init__(self) -> None:
        self._previous: NDArray[np.float64] | None = None

    def is_cut(self, rgb: NDArray[np.uint8]) -> bool:
        """Tell whether a cut lies between the frame before and this one."""
        few = np.ascontiguousarray(rgb[::_FEW, ::_FEW])
        grey = Image.fromarray(few).convert("L").resize(_THUMBNAIL, Image.Resampling.BOX)
        current = np.asarray(grey, np.float64).ravel()
        current -= current.mean()
        previous, self._previous = self._previous, current
        if previous is None:
            return False
        size = float(np.linalg.norm(previous) * np.linalg.norm(current))
        if size == 0:  # a frame of one colour, such as a fade to black
            return bool(previous.any() or current.any())
        return float(previous @ current) / size < _SAME_SCENE


@dataclass
class _Open:
    track_id: int
    box: Box
    missed: int = 0
    moved: float = math.inf


class Tracker:
    """Gives faces that follow one another in one place the same track's number, from 1."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self.tracks = 0  # that have begun

    @property
    def places(self) -> dict[int, Box]:
        """Where each track is, or was last, that may still go on, by its number."""
        return {track.track_id: track.box for track in self._open if track.missed <= MISSED}

    @property
    def steady(self) -> bool:
        """Whether every face was found, and near where it was: the next frame tells little."""
        return all(not track.missed and track.moved <= _STEADY for track in self._open)

    def follow(self, boxes: Sequence[Box], *, cut: bool = False) -> list[int]:
        """Tell which track each face of the next frame belongs to.

        Args:
            boxes: the frame's faces, all in one unit throughout the video.
            cut: another shot has begun, so every track has ended.
        """
        self._open = [track for track in self._open if not cut and track.missed <= MISSED]
        pairs = sorted(
            # The newest first: else one that was lost in between would take its place again.
            (track.missed, moved, number, index)
            for number, track in enumerate(self._open)
            for index, box in enumerate(boxes)
            if (moved := _moved(track.box, box)) <= _FARTHEST
        )
        found: dict[int, _Open] = {}
        taken: set[int] = set()
        for _, moved, number, index in pairs:
            if number not in taken and index not in found:
                taken.add(number)
                found[index] = self._open[number]
                found[index].moved = moved
        for track in self._open:
            track.missed += 1
        for index, box in enumerate(boxes):
            if index not in found:
                self.tracks += 1
                found[index] = _Open(self.tracks, box)
                self._open.append(found[index])
            found[index].box, found[index].missed = box, 0
        return [found[index].track_id for index in range(len(boxes))]


def _moved(before: Box, after: Box) -> float:
    """Return how far a face has moved, in its own size; infinite if it is of quite another one."""
    sizes = math.sqrt(before[2] * before[3]), math.sqrt(after[2] * after[3])
    if max(sizes) > _RESIZED * min(sizes):
        return math.inf
    across = after[0] + after[2] / 2 - before[0] - before[2] / 2
    down = after[1] + after[3] / 2 - before[1] - before[3] / 2
    return 2 * math.hypot(across, down) / sum(sizes)
