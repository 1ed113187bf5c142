"""The pictures that are made of a video: which moments, which frames, how composed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

POSTER_SIZE = (288, 216)
THUMBNAIL_SIZE = (128, 128)
THUMBNAILS = 4
ANIMATION_FRAMES = 10
FEWEST_STILLS, MOST_STILLS = 4, 30

_SECONDS_A_STILL = 10
_ANIMATION_FRAME = 500  # milliseconds
_WINDOW = 0.5  # seconds after the wanted moment among which the sharpest frame is chosen
_STEP = 0.1  # seconds between two frames that are looked at
_LUMA_STEP = 4  # every fourth pixel tells a sharp picture from a blurred or a black one
_JPEG_QUALITY = 85
_WEBP_QUALITY = 70
_FLAT = 6.0  # deviation of brightness below which a picture shows nothing
_ALIKE = 4.0  # mean difference of brightness below which two pictures show the same
_SMALL = (16, 16)


def poster_moment(duration: float) -> float:
    """Return the second of the video that the poster shows."""
    return min(3.0, duration / 2)


def moments(duration: float, count: int) -> list[float]:
    """Return `count` moments, in seconds, each in the middle of an equal share of the video."""
    return [duration * (index + 0.5) / count for index in range(count)]


def still_count(duration: float) -> int:
    """Return how many stills are looked for in a video of so many seconds."""
    return min(max(FEWEST_STILLS, round(duration / _SECONDS_A_STILL)), MOST_STILLS)


@dataclass(frozen=True)
class Choice:
    """The frame chosen for a moment.

    Attributes:
        index: which of the moments.
        timecode: the frame's seconds from the start of the video.
        frame: upright.
        sharpness: the mean step between neighbours in brightness.
    """

    index: int
    timecode: float
    frame: VideoFrame
    sharpness: float

    @property
    def image(self) -> Image.Image:
        """The frame in RGB."""
        return Image.fromarray(self.frame.to_ndarray(format="rgb24"))


class StillPicker:
    """Chooses one frame for each wanted moment from frames that pass by in order of time.

    The choice is the sharpest frame within half a second of the moment; where there is none, the
    next one, and where the video ends before that, its last frame.
    """

    def __init__(self, moments: Sequence[float]) -> None:
        """Take the wanted moments, in seconds from the video's start."""
        self._open = dict(enumerate(moments))
        self._best: dict[int, Choice] = {}
        self._last: tuple[float, VideoFrame] | None = None
        self._due = 0.0

    def offer(self, frame: VideoFrame, timecode: float) -> list[Choice]:
        """Consider a frame, which must not be changed afterwards; return what is now decided."""
        self._last = timecode, frame
        if timecode < self._due:
            return []
        self._due = timecode + _STEP
        begun = [index for index, moment in self._open.items() if timecode >= moment]
        over = {index for index in begun if timecode > self._open[index] + _WINDOW}
        if candidates := [i for i in begun if i not in over or i not in self._best]:
            sharpness = _sharpness(frame)
            for index in candidates:
                self._consider(Choice(index, timecode, frame, sharpness))
        return [self._close(index) for index in sorted(over)]

    def finish(self) -> list[Choice]:
        """Return the choices for the moments that are left; none if no frame was ever offered."""
        if not self._last:
            return []
        timecode, frame = self._last
        for index in self._open.keys() - self._best.keys():
            self._best[index] = Choice(index, timecode, frame, _sharpness(frame))
        return [self._close(index) for index in sorted(self._open)]

    def _consider(self, choice: Choice) -> None:
        best = self._best.get(choice.index)
        if best is None or choice.sharpness > best.sharpness:
            self._best[choice.index] = choice

    def _close(self, index: int) -> Choice:
        del self._open[index]
        return self._best.pop(index)


class GoodOnes:
    """Tells good stills from those that show nothing, or what the one before them shows."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, float]] = []
        self._poor: list[tuple[str, float]] = []
        self._before: NDArray[np.float32] | None = None

    def add(self, name: str, image: Image.Image, sharpness: float) -> None:
        """Judge the next still."""
        small = np.asarray(image.convert("L").resize(_SMALL, Image.Resampling.BOX), np.float32)
        alike = self._before is not None and np.abs(small - self._before).mean() < _ALIKE
        if alike or small.std() < _FLAT:
            self._poor.append((name, sharpness))
        else:
            self._kept.append((name, sharpness))
            self._before = small

    def names(self) -> set[str]:
        """Return the names of the good ones, filled up with the sharpest others to four."""
        spare = sorted(self._poor, key=lambda still: -still[1])
        missing = max(0, FEWEST_STILLS - len(self._kept))
        return {name for name, _ in self._kept + spare[:missing]}


def poster(image: Image.Image) -> Image.Image:
    """Compose the poster: the whole picture, on a blurred copy of itself where it leaves space."""
    whole = ImageOps.contain(image, POSTER_SIZE, Image.Resampling.LANCZOS)
    backdrop = ImageOps.fit(whole, POSTER_SIZE).filter(ImageFilter.GaussianBlur(12))
    left, top = ((space - size) // 2 for space, size in zip(POSTER_SIZE, whole.size, strict=True))
    backdrop.paste(whole, (left, top))
    return backdrop


def thumbnail(image: Image.Image) -> Image.Image:
    """Compose a thumbnail: the picture's middle, a little above it, where heads are."""
    return ImageOps.fit(image, THUMBNAIL_SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.4))


def save_jpeg(image: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, over whatever is there."""
    image.save(path, "JPEG", quality=_JPEG_QUALITY, optimize=True)


def save_animation(images: Sequence[Image.Image], path: Path) -> None:
    """Write pictures as a WebP that shows one after the other, for ever."""
    first, *others = images
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=_ANIMATION_FRAME,
        loop=0,
        quality=_WEBP_QUALITY,
        method=2,
    )


def _sharpness(frame: VideoFrame) -> float:
    """Return the mean step between neighbours in brightness: small for blurred, 0 for black."""
    luma = frame.to_ndarray()[: frame.height : _LUMA_STEP, ::_LUMA_STEP].astype(np.int16)
    return float(np.abs(np.diff(luma, axis=1)).mean()) if luma.shape[1] > 1 else 0.0
