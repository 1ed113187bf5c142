from enum import StrEnum


class RecognitionResult(StrEnum):
    """What was made of a face. The web application shows the first three kinds only."""

    MACHINE_RECOGNIZED = "machine_recognized"
    HUMAN_RECOGNIZED = "human_recognized"
    NEW_FACE = "new_face"
    BAD_FACE = "bad_face"
    TWO_FACE = "two_face"
    NOT_FACE = "not_face"
    BAD_TRACK = "bad_track"
