"""Films made of photographs, of which is known who is where: for following people and grouping.

Each shot shows one or two people before some background, who walk, come nearer, are blurred, hidden
by something that passes, or lit badly, for a second or three. Everybody is in several shots, each
time with another photograph.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import skimage.data
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from vib.faces.detect import Detection
from vib.faces.geometry import Box, scaled
from vib.video.samples import RATE, SampleWriter

Picture = NDArray[np.uint8]
SIZE = 1280, 720
PEOPLE, SHOTS = 4, 10  # of a film
WIDTHS = {"clean": (60, 160), "low": (28, 48)}  # pixels, of faces
_BACKGROUNDS = ("coffee", "chelsea", "brick", "grass", "gravel", "rocket", "hubble_deep_field")
_MISHAPS = ("none", "none", "blur", "hidden", "dark")


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photograph of somebody, and where the face is in it."""

    person: str
    picture: Picture
    face: Detection


@dataclass(frozen=True)
class Appearance:
    """One person in one shot.

    Attributes:
        person: who.
        places: where the face is at each moment that it is shown, in seconds.
        clear: how many of these moments nothing is the matter with.
    """

    person: str
    places: dict[float, Box] = field(default_factory=dict)
    clear: list[float] = field(default_factory=list)


def make_clip(
    path: Path, portraits: Sequence[Portrait], variant: str, seed: int
) -> list[Appearance]:
    """Write the sampled frames of a film, as Transcode would, and tell who is in it."""
    random = np.random.default_rng(seed)
    cast = _cast(portraits, random)
    appearances: list[Appearance] = []
    start = 0.0
    with SampleWriter(path, *SIZE) as writer:
        for _ in range(SHOTS):
            seconds = random.choice([1.0, 2.0, 3.0])
            background = _background(random)
            people = random.choice(sorted(cast), size=random.integers(1, 3), replace=False)
            actors = [
                _Actor(cast[person][int(random.integers(len(cast[person])))], lane, variant, random)
                for lane, person in enumerate(people)
            ]
            for moment in np.arange(start, start + seconds, 1 / RATE):
                frame = background.copy()
                for actor in actors:
                    actor.play(frame, float(moment), (moment - start) / seconds)
                writer.offer(VideoFrame.from_ndarray(np.asarray(frame), "rgb24"), float(moment))
            appearances += [actor.appearance for actor in actors]
            start += seconds
    return appearances


def _cast(
    portraits: Sequence[Portrait], random: np.random.Generator
) -> Mapping[str, Sequence[Portrait]]:
    by_person: dict[str, list[Portrait]] = defaultdict(list)
    for portrait in portraits:
        by_person[portrait.person].append(portrait)
    chosen = random.choice(sorted(by_person), size=PEOPLE, replace=False)
    return {str(person): by_person[str(person)] for person in chosen}


def _background(random: np.random.Generator) -> Image.Image:
    name = random.choice(_BACKGROUNDS)
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    side = min(image.size[0] / SIZE[0], image.size[1] / SIZE[1]) * random.uniform(0.6, 1)
    width, height = SIZE[0] * side, SIZE[1] * side
    left = random.uniform(0, image.width - width)
    top = random.uniform(0, image.height - height)
    return image.resize(SIZE, Image.Resampling.BILINEAR, (left, top, left + width, top + height))


class _Actor:
    """Somebody who moves through a shot in a half or all of the frame."""

    def __init__(
        self, portrait: Portrait, lane: int, variant: str, random: np.random.Generator
    ) -> None:
        self.appearance = Appearance(portrait.person)
        self._photograph, self._face = _cropped(portrait)
        self._mishap = random.choice(_MISHAPS)
        self._widths = random.uniform(*WIDTHS[variant]) * np.array([1, random.uniform(0.8, 1.3)])
        self._from = np.array([lane * 640 + random.uniform(60, 200), random.uniform(60, 160)])
        self._by = np.array([random.uniform(0, 200), random.uniform(-20, 80)])
        self._bob = random.uniform(0, 0.15)  # of the face's width, up and down
        self._enters = random.choice([0.0, 0.0, 0.3])  # of the shot
        self._blur = random.uniform(0, 0.6) if variant == "low" else 0.0

    def play(self, frame: Image.Image, moment: float, progress: float) -> None:
        """Draw the photograph into the frame, `progress` from 0 to 1 through the shot."""
        if progress < self._enters:
            return
        width = self._widths[0] + (self._widths[1] - self._widths[0]) * progress
        scale = width / self._face[2]
        size = round(self._photograph.width * scale), round(self._photograph.height * scale)
        drawn = self._photograph.resize(size, Image.Resampling.BICUBIC)
        left, top = self._from + self._by * progress
        top += self._bob * width * np.sin(9 * moment)
        x, y, w, h = scaled(self._face, scale, scale)
        trouble = self._mishap != "none" and 0.3 < progress < 0.7  # noqa: PLR2004 - of the shot
        drawn = self._troubled(drawn, (x, y, w, h)) if trouble else self._blurred(drawn)
        # The face is to stay inside the frame whatever is around it in the photograph.
        corner = round(left - x), round(top - y + 40)
        frame.paste(drawn, corner)
        self.appearance.places[round(moment, 3)] = (corner[0] + x, corner[1] + y, w, h)
        if not trouble:
            self.appearance.clear.append(moment)

    def _blurred(self, drawn: Image.Image) -> Image.Image:
        return drawn.filter(ImageFilter.GaussianBlur(self._blur)) if self._blur else drawn

    def _troubled(self, drawn: Image.Image, face: Box) -> Image.Image:
        x, y, w, h = face
        if self._mishap == "blur":
            return drawn.filter(ImageFilter.GaussianBlur(float(0.08 * w)))
        if self._mishap == "dark":
            return ImageEnhance.Brightness(drawn).enhance(0.3)
        hidden = drawn.copy()
        hidden.paste(
            (90, 80, 70), (round(x), round(y + 0.45 * h), round(x + w), round(y + 1.1 * h))
        )
        return hidden


def _cropped(portrait: Portrait) -> tuple[Image.Image, Box]:
    """Return the photograph with some margin around the face, and where the face is in it."""
    left, top, width, height = portrait.face.box
    spare = 0.7 * width
    photograph = Image.fromarray(portrait.picture)
    x, y = max(0, int(left - spare)), max(0, int(top - spare))
    right, bottom = left + width + spare, top + height + spare
    corners = (x, y, min(photograph.width, int(right)), min(photograph.height, int(bottom)))
    return photograph.crop(corners), (left - x, top - y, width, height)


def truth(appearances: Sequence[Appearance], moment: float) -> Iterator[tuple[Appearance, Box]]:
    """Yield who is to be seen at a moment, and where."""
    for appearance in appearances:
        for at, box in appearance.places.items():
            if abs(at - moment) < 0.5 / RATE:
                yield appearance, box
