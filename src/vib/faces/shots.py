"""What is kept of a video's faces."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.detect import Detection
from vib.faces.geometry import Box
from vib.faces.judge import Quality
from vib.faces.results import RecognitionResult

_MARGIN = 0.4  # around a face in its picture, in widths and heights of its box
_LONGEST_SIDE = 512  # of a face's picture, in pixels
_JPEG_QUALITY = 92


@dataclass(frozen=True, eq=False)
class FaceShot:
    """A face in one frame of a video, or in a photograph.

    Attributes:
        timecode: seconds from the start of the video; 0 in a photograph.
        box: left, top, width, height in pixels of the video as displayed.
        confidence: how sure the detector is, up to 1.
        score: how good the picture is, 0 to 1; see `GOOD_SCORE`.
        sharpness: variance of the Laplacian over the face.
        yaw: degrees that the face is turned towards the right edge of the picture.
        pitch: degrees that it looks up.
        roll: degrees that it is tilted clockwise.
        picture: a JPEG file, the face with some margin, at most 512 pixels on a side.
        size: width and height of the picture in pixels.
        embedding: (128,), what the face looks like; None where that would mean nothing.
    """

    timecode: float
    box: Box
    confidence: float
    score: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    picture: bytes
    size: tuple[int, int]
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face, followed through a shot of a video.

    Attributes:
        track_id: its number in the video, from 1, in the order in which tracks begin.
        first_seen: seconds from the start of the video.
        last_seen: the same; a sample early, it may be, for a face that hardly moved.
        shots: the best few of the good ones, the best first; if none is good, the best alone.
        flaw: why nobody is to be told by it: BAD_FACE where no shot is good, NOT_FACE, TWO_FACE,
            or BAD_TRACK where no two of its shots look alike; None for a face to go on with.
    """

    track_id: int
    first_seen: float
    last_seen: float
    shots: tuple[FaceShot, ...]
    flaw: RecognitionResult | None

    @property
    def best(self) -> FaceShot:
        """The best shot."""
        return self.shots[0]

    @property
    def embedding(self) -> NDArray[np.float32]:
        """What the face looks like: the mean over the shots, (128,).

        Raises:
            ValueError: the track has a flaw, so that it says nothing.
        """
        looks = [shot.embedding for shot in self.shots if shot.embedding is not None]
        if not looks:
            raise ValueError(f"Track {self.track_id} is no face to go on with: {self.flaw}.")
        mean: NDArray[np.float32] = np.mean(looks, axis=0)
        return mean


def shot_of(
    face: Detection, quality: Quality, frame: NDArray[np.uint8], timecode: float = 0.0
) -> FaceShot:
    """Make a shot, not yet embedded, of a face and the frame that it is in."""
    picture, size = _cut_picture(frame, face.box)
    return FaceShot(
        timecode=timecode,
        box=face.box,
        confidence=face.score,
        score=quality.score,
        sharpness=quality.sharpness,
        yaw=quality.yaw,
        pitch=quality.pitch,
        roll=quality.roll,
        picture=picture,
        size=size,
        embedding=None,
    )


def _cut_picture(rgb: NDArray[np.uint8], box: Box) -> tuple[bytes, tuple[int, int]]:
    left, top, width, height = box
    spare_x, spare_y = _MARGIN * width, _MARGIN * height
    columns = _pixels(left - spare_x, left + width + spare_x, rgb.shape[1])
    rows = _pixels(top - spare_y, top + height + spare_y, rgb.shape[0])
    image = Image.fromarray(rgb[rows, columns])
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BILINEAR)
    file = BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue(), image.size


def _pixels(start: float, end: float, size: int) -> slice:
    """Return the pixels from start to end, at least one, inside 0 to size."""
    first = min(max(round(start), 0), size - 1)
    return slice(first, min(max(round(end), first + 1), size))
