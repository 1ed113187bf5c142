"""Judges how good a picture of a face is: how large, how sharp, how far turned away, how sure.

The limits are where recognition began to fail when portraits of many people were shrunk, blurred
and compressed step by step: below 20 to 24 pixels of width, or once a blur had taken all but the
coarse features, other people came to lie as near as the person. They depend on what the networks
need, not on what one film looked like.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.align import CHIP_LANDMARKS
from vib.faces.detect import Detection
from vib.faces.geometry import Box

_WIDTH = (20.0, 3)  # pixels; here and below: where the factor is a half, and how steep it is there
_SHARPNESS = (2.8, 3)
_DETAIL = (38.0, 3)  # what _SHARPNESS is in `_detail`; their order is the same (Spearman: .99)
_DETAIL_SIZE = (48, 48)
_CONFIDENCE = (0.8, 20)
_TURN = (50.0, -4)  # degrees; falls

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_INNER_FACE = (slice(34, 126), slice(29, 121))  # the chip without its margin
_NOSE_DEPTH, _MOUTH_DEPTH = 0.41, 0.03  # before the eyes, in distances between the eyes


@dataclass(frozen=True)
class Quality:
    """What was found out about a face.

    Attributes:
        score: how good the picture is all in all, 0 to 1.
        sharpness: variance of the Laplacian over the face in its chip; about 3 is hopelessly
            blurred, 10 is soft, 50 and more is crisp.
        yaw: degrees that the face is turned towards the right edge of the picture.
        pitch: degrees that it looks up.
        roll: degrees that it is tilted clockwise.
    """

    score: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float


def rank(detection: Detection, rgb: NDArray[np.uint8]) -> float:
    """Rate a face, 0 to 1, for a tenth of what `judge` costs: to compare shots of one track.

    Args:
        detection: where it is, in pixels of the picture.
        rgb: the picture, which may be smaller than what `judge` is to see.
    """
    yaw, pitch, _ = pose(detection.landmarks)
    return _score(detection, _rated(_detail(rgb, detection.box), _DETAIL), yaw, pitch)


def judge(detection: Detection, chip: NDArray[np.uint8]) -> Quality:
    """Judge a face.

    Args:
        detection: where it is, in pixels of the source.
        chip: the face as `cut_chip` cuts it out of the source.
    """
    yaw, pitch, roll = pose(detection.landmarks)
    sharpness = _sharpness(chip)
    score = _score(detection, _rated(sharpness, _SHARPNESS), yaw, pitch)
    return Quality(score, sharpness, yaw, pitch, roll)


def pose(landmarks: NDArray[np.float32]) -> tuple[float, float, float]:
    """Estimate how a head is turned from the five landmarks of `Detection`, (5, 2).

    Finds how a face of average depth, seen from afar, has to be turned for its landmarks to come to
    lie where they are (least squares). Good to about ten degrees; faces differ.

    Returns:
        yaw, pitch and roll in degrees, as in `Quality`.
    """
    points = landmarks.astype(float)
    right_eye, left_eye = points[:2]
    roll = math.atan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    upright = (points - points.mean(axis=0)) @ turn.T
    across, down = (_FIT @ upright).T
    # Turned to the right, the nose moves to the right of what lies flat, which gets narrower.
    yaw = math.atan2(across[2], abs(across[0]))
    pitch = math.atan2(-down[2], abs(down[1]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def _average_face() -> NDArray[np.float64]:
    """Return the average face's landmarks, (5, 3): right, down, towards the camera; centred."""
    between_eyes = CHIP_LANDMARKS[1, 0] - CHIP_LANDMARKS[0, 0]
    depth = np.array([0, 0, _NOSE_DEPTH, _MOUTH_DEPTH, _MOUTH_DEPTH]) * between_eyes
    face = np.column_stack([CHIP_LANDMARKS, depth])
    centred: NDArray[np.float64] = face - face.mean(axis=0)
    return centred


_FIT = np.linalg.pinv(_average_face())  # least squares


def _score(detection: Detection, sharp: float, yaw: float, pitch: float) -> float:
    return math.prod(
        (
            sharp,
            _rated(detection.box[2], _WIDTH),
            _rated(detection.score, _CONFIDENCE),
            _rated(abs(yaw), _TURN),
            _rated(abs(pitch), _TURN),
        )
    )


def _sharpness(chip: NDArray[np.uint8]) -> float:
    return _edges((chip @ _LUMA)[_INNER_FACE])


def _detail(rgb: NDArray[np.uint8], box: Box) -> float:
    """Return the Laplacian's variance over a face's box, brought to one size."""
    left, top = (max(0, round(value)) for value in box[:2])
    part = rgb[
        top : max(top + 1, round(box[1] + box[3])), left : max(left + 1, round(box[0] + box[2]))
    ]
    grey = Image.fromarray(part).convert("L").resize(_DETAIL_SIZE, Image.Resampling.BILINEAR)
    return _edges(np.asarray(grey, np.float32))


def _edges(luma: NDArray[np.float32]) -> float:
    """Return the variance of the Laplacian of all but the outermost pixels."""
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * luma[1:-1, 1:-1]).var())


def _rated(value: float, limit: tuple[float, int]) -> float:
    """Rate from 0 to 1: a half at the limit, near 1 well on its good side."""
    half, steepness = limit
    if value <= 0:
        return 0.0 if steepness > 0 else 1.0
    return 1 / (1 + (half / value) ** steepness)
