from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageEnhance, ImageOps

from vib.video.colours import BT709
from vib.video.encode import Mp4Writer
from vib.video.pictures import PIXEL_FORMAT
from vib.video.sound import FORMAT, LAYOUT, SAMPLE_RATE

_SIZE = (1280, 720)
_PHOTOGRAPH_SIZE = (640, 360)  # the photographs have no more detail than that
_RATE = 25  # frames per second
_SAMPLES = SAMPLE_RATE // _RATE  # of sound per frame
_VIDEO_BITRATE = 4_000_000
_AUDIO_BITRATE = 128_000
_LOUDNESS = 0.2


@dataclass(frozen=True)
class _View:
    """What the camera sees: its picture's middle and width, in pixels of the photograph."""

    x: float
    y: float
    width: float

    def towards(self, other: "_View", share: float) -> "_View":
        return _View(
            self.x + (other.x - self.x) * share,
            self.y + (other.y - self.y) * share,
            self.width + (other.width - self.width) * share,
        )

    def box(self) -> tuple[float, float, float, float]:
        height = self.width * _SIZE[1] / _SIZE[0]
        left, top = self.x - self.width / 2, self.y - height / 2
        return left, top, left + self.width, top + height


@dataclass(frozen=True)
class _Shot:
    """A photograph, the camera's way over it, and the tone that is heard meanwhile (in hertz)."""

    photograph: Image.Image
    start: _View
    end: _View
    tone: float


def make_sample(path: Path, seconds: float = 12.0) -> None:
    """Write a short video of two people: 1280x720, 25 frames a second, H.264 and AAC in MP4.

    Five shots of equal length, each with a moving camera and a tone of its own: Eileen Collins; a
    cup of coffee; Grace Hopper; a rocket at dusk; Eileen Collins again, mirrored, darker and from
    closer. The file appears when it is whole.

    The photographs come with scikit-image and matplotlib: Eileen Collins (NASA) and Grace Hopper
    (US Navy) are in the public domain; the coffee (Rachel Michetti) and the rocket (SpaceX) are
    CC0.

    Args:
        path: the file to write, in an existing folder; an older one is replaced.
        seconds: how long the video is.
    """
    frames = round(seconds * _RATE)
    with TemporaryDirectory(prefix=".sample-", dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        with Mp4Writer(
            unfinished,
            size=_SIZE,
            rate=Fraction(_RATE),
            video_bitrate=_VIDEO_BITRATE,
            audio_bitrate=_AUDIO_BITRATE,
            colours=BT709,
        ) as writer:
            for index, (shot, share) in enumerate(_script(frames)):
                writer.write_picture(_picture(shot, share), index)
                writer.write_sound(_sound(shot, index))
        unfinished.replace(path)


def _script(frames: int) -> Iterator[tuple[_Shot, float]]:
    """Yield, for each frame, its shot and how much of the shot has passed, 0 to 1."""
    shots = _shots()
    cuts = [frames * number // len(shots) for number in range(len(shots) + 1)]
    for shot, start, end in zip(shots, cuts, cuts[1:], strict=False):
        for index in range(start, end):
            yield shot, (index - start) / (end - start)


def _shots() -> list[_Shot]:
    astronaut = _photograph("skimage", "data/astronaut.png")
    coffee = _photograph("skimage", "data/coffee.png")
    hopper = _photograph("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    rocket = _photograph("skimage", "data/rocket.jpg")
    mirrored = ImageEnhance.Brightness(ImageOps.mirror(astronaut)).enhance(0.8)
    return [
        _Shot(astronaut, _View(250, 141, 500), _View(225, 115, 350), tone=262),
        _Shot(coffee, _View(250, 180, 420), _View(330, 210, 520), tone=330),
        _Shot(hopper, _View(256, 240, 510), _View(262, 225, 420), tone=392),
        _Shot(rocket, _View(330, 310, 400), _View(320, 150, 520), tone=494),
        _Shot(mirrored, _View(300, 110, 330), _View(280, 125, 420), tone=523),
    ]


def _photograph(package: str, name: str) -> Image.Image:
    # The package is found, not imported: importing these takes longer than making the video.
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is missing; install vib[local].", name=package)
    with Image.open(Path(spec.submodule_search_locations[0]) / name) as photograph:
        return photograph.convert("RGB")


def _picture(shot: _Shot, share: float) -> VideoFrame:
    view = shot.start.towards(shot.end, share)
    image = shot.photograph.resize(_PHOTOGRAPH_SIZE, Image.Resampling.BICUBIC, box=view.box())
    return VideoFrame.from_ndarray(np.asarray(image), format="rgb24").reformat(
        *_SIZE,
        PIXEL_FORMAT,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )


def _sound(shot: _Shot, index: int) -> AudioFrame:
    first = index * _SAMPLES
    time = np.arange(first, first + _SAMPLES) / SAMPLE_RATE
    left = np.sin(2 * np.pi * shot.tone * time)
    right = np.sin(2 * np.pi * shot.tone * 1.5 * time)  # a fifth above
    samples = (_LOUDNESS * 2**15 * np.stack([left, right], axis=1)).astype(np.int16)
    frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format=FORMAT, layout=LAYOUT)
    frame.sample_rate = SAMPLE_RATE
    frame.pts, frame.time_base = first, Fraction(1, SAMPLE_RATE)
    return frame
