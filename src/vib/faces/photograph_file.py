"""Photographs as files, as strangers upload them and as other services keep them."""

import warnings
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from vib.errors import VibError

MOST_PIXELS = 80_000_000
"""Of a photograph; one with more is refused before it is decoded."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_LONGEST_SIDE = 2560  # pixels, from which on a photograph is scaled down


class BadPhotograph(VibError):  # noqa: N818 - named for what is wrong, as people meet it
    """The file is no photograph that can be read, and trying again would not help."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph as it is displayed.

    Attributes:
        rgb: its pixels, (height, width, 3), scaled down if it is large.
        scale: by how much.
    """

    rgb: NDArray[np.uint8]
    scale: float


def open_photograph(data: bytes) -> Photograph:
    """Decode a photograph and turn it upright; those of strangers are for `confined`.

    Raises:
        BadPhotograph: the file is something else, damaged, or too large.
    """
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
    return Photograph(np.asarray(upright), max(upright.size) / max(width, height))


def _opaque(image: Image.Image) -> Image.Image:
    """Return an image of any kind in RGB: transparent parts white, 16 bits made 8."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    return image.convert("RGB")
