from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageFilter, ImageOps

POSTER_SIZE = (288, 216)
THUMBNAIL_SIZE = (128, 128)
THUMBNAILS = 4

_WINDOW = 0.5  # seconds after the wanted moment among which the sharpest frame is chosen
_LUMA_STEP = 4  # every fourth pixel tells a sharp picture from a blurred or a black one
_JPEG_QUALITY = 85


def poster_moment(duration: float) -> float:
    """Return the second of the video that the poster shows."""
    return min(3.0, duration / 2)


def thumbnail_moments(duration: float, count: int = THUMBNAILS) -> list[float]:
    """Return `count` moments, in seconds, each in the middle of an equal share of the video."""
    return [duration * (index + 0.5) / count for index in range(count)]


@dataclass(frozen=True)
class Still:
    """One picture of a video: RGB, upright, and its time in seconds from the start."""

    timecode: float
    image: Image.Image


@dataclass(frozen=True)
class _Candidate:
    timecode: float
    frame: VideoFrame
    sharpness: float


class StillPicker:
    """Chooses one frame for each wanted moment from frames that pass by in order of time.

    The choice is the sharpest frame within half a second of the moment; where there is none, the
    next one, and where the video ends before that, its last frame.
    """

    def __init__(self, moments: Sequence[float]) -> None:
        """Take the wanted moments, in seconds from the video's start."""
        self._moments = moments
        self._chosen: list[_Candidate | None] = [None] * len(moments)
        self._last: _Candidate | None = None

    def offer(self, frame: VideoFrame, timecode: float) -> None:
        """Consider a frame, which must not be changed afterwards."""
        self._last = _Candidate(timecode, frame, 0.0)
        open_moments = [i for i in range(len(self._moments)) if self._is_open(i, timecode)]
        if not open_moments:
            return
        candidate = _Candidate(timecode, frame, _sharpness(frame))
        for index in open_moments:
            best = self._chosen[index]
            if best is None or candidate.sharpness > best.sharpness:
                self._chosen[index] = candidate

    def finish(self) -> list[Still]:
        """Return a picture for each moment, in the order the moments were given.

        No pictures at all if no frame was ever offered.
        """
        choices = [chosen or self._last for chosen in self._chosen]
        return [Still(c.timecode, _image(c.frame)) for c in choices if c is not None]

    def _is_open(self, index: int, timecode: float) -> bool:
        moment = self._moments[index]
        late = timecode > moment + _WINDOW
        return timecode >= moment and not (late and self._chosen[index])


def poster(image: Image.Image) -> Image.Image:
    """Compose the poster: the whole picture, on a blurred copy of itself where it leaves space."""
    backdrop = ImageOps.fit(image, POSTER_SIZE).filter(ImageFilter.GaussianBlur(12))
    whole = ImageOps.contain(image, POSTER_SIZE, Image.Resampling.LANCZOS)
    left, top = ((space - size) // 2 for space, size in zip(POSTER_SIZE, whole.size, strict=True))
    backdrop.paste(whole, (left, top))
    return backdrop


def thumbnail(image: Image.Image) -> Image.Image:
    """Compose a thumbnail: the picture's middle, a little above it, where heads are."""
    return ImageOps.fit(image, THUMBNAIL_SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.4))


def save_jpeg(image: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, over whatever is there."""
    image.save(path, "JPEG", quality=_JPEG_QUALITY, optimize=True)


def _image(frame: VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgb24"))


def _sharpness(frame: VideoFrame) -> float:
    """Return the mean step between neighbours in brightness: small for blurred, 0 for black."""
    luma = frame.to_ndarray()[: frame.height : _LUMA_STEP, ::_LUMA_STEP].astype(np.int16)
    return float(np.abs(np.diff(luma, axis=1)).mean()) if luma.shape[1] > 1 else 0.0
