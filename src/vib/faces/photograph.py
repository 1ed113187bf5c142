"""Faces of photographs, as strangers upload them and as other services keep them."""

import warnings
from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from vib.errors import VibError
from vib.faces.align import cut_chip
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.judge import GOOD_SCORE, judge
from vib.faces.shots import FaceShot, shot_of

MOST_PIXELS = 80_000_000
"""Of a photograph; one with more is refused before it is decoded."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_LONGEST_SIDE = 2560  # pixels, from which on a photograph is scaled down


class BadPhotograph(VibError):  # noqa: N818 - named for what is wrong, as people meet it
    """The file is no photograph that can be read, and trying again would not help."""


class PhotographFaces:
    """Finds, judges and embeds the faces of photographs."""

    def __init__(self, detector: Detector | None = None, embedder: Embedder | None = None) -> None:
        """Take the networks to use; by default they are opened here."""
        self._detector = detector or Detector()
        self._embedder = embedder or Embedder()

    def find(self, data: bytes) -> list[FaceShot]:
        """Find the faces of a photograph, the largest first.

        Boxes are in pixels of the photograph as it is displayed. A face whose score is below
        `GOOD_SCORE` has no embedding.

        Raises:
            BadPhotograph: the file is something else, damaged, or too large.
        """
        rgb, scale = _read(data)
        shots = []
        for found in self._detector.detect(rgb):
            face = self._detector.look_again(rgb, found)
            chip = cut_chip(rgb, face.landmarks)
            shot = shot_of(face, judge(face, chip), rgb)
            good = shot.score >= GOOD_SCORE
            embedding = self._embedder.embed(chip[None])[0] if good else None
            box = face.scaled(1 / scale, 1 / scale).box
            shots.append(replace(shot, box=box, embedding=embedding))
        return sorted(shots, key=lambda shot: -shot.box[2] * shot.box[3])


def _read(data: bytes) -> tuple[NDArray[np.uint8], float]:
    """Return the picture as it is displayed, (height, width, 3) RGB, and how it is scaled."""
    try:
        with warnings.catch_warnings():
            # Pillow's own limit is another one, and ours is kept below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=_FORMATS)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise BadPhotograph(
                f"The photograph has {width}x{height} pixels; {MOST_PIXELS:,} are the most."
            )
        image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        upright = _opaque(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise BadPhotograph("The file is not a photograph of a known format.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPhotograph(f"The photograph cannot be read: {error}") from error
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(upright), max(upright.size) / max(width, height)


def _opaque(image: Image.Image) -> Image.Image:
    """Return an image of any kind in RGB: transparent parts white, 16 bits made 8."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    return image.convert("RGB")
