from enum import StrEnum

GOOD_SCORE = 0.4
"""Faces that are judged below it are bad faces: not recognised by, not shown."""

MOST_TURNED = 45.0
"""Degrees that a face may be turned away for somebody to be known by it later."""


class RecognitionResult(StrEnum):
    """What was made of a face. The web application shows the first three kinds only."""

    MACHINE_RECOGNIZED = "machine_recognized"
    HUMAN_RECOGNIZED = "human_recognized"
    NEW_FACE = "new_face"
    BAD_FACE = "bad_face"
    TWO_FACE = "two_face"
    NOT_FACE = "not_face"
    BAD_TRACK = "bad_track"
