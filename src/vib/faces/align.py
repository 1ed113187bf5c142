"""Cuts faces out so that eyes, nose and mouth always come to lie in the same places.

dlib's network was trained on pictures of 150x150 pixels that its `get_face_chip_details` places
with a margin of a quarter around a mean face. These are the places, in such a picture, of what
YuNet finds: the middles of the eyes, the tip of the nose, the corners of the mouth.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CHIP_SIDE = 150
_MARGIN = 0.25
_MEAN_FACE = np.array(
    [
        (0.22548, 0.21599),
        (0.75473, 0.21599),
        (0.49013, 0.51563),
        (0.25415, 0.78023),
        (0.72610, 0.78023),
    ]
)
CHIP_LANDMARKS = (_MEAN_FACE + _MARGIN) / (1 + 2 * _MARGIN) * CHIP_SIDE
"""(5, 2): x and y of right eye, left eye, nose, right and left corner of the mouth in a chip."""


def cut_chip(rgb: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut out a face, turned upright and scaled: (150, 150, 3). What is outside `rgb` is black.

    Args:
        rgb: the picture, (height, width, 3).
        landmarks: (5, 2) as of `Detection`, in pixels of the picture.
    """
    forward, corner = _placement(landmarks)
    scale = abs(forward)
    # The part of the picture that the chip covers, brought near the chip's scale first, because
    # the transform below looks at the nearest pixels only.
    corners = corner + forward * np.array([0, CHIP_SIDE, 1j * CHIP_SIDE, (1 + 1j) * CHIP_SIDE])
    height, width = rgb.shape[:2]
    left, right = _span(corners.real, width)
    top, bottom = _span(corners.imag, height)
    if left == right or top == bottom:
        return np.zeros((CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
    part = Image.fromarray(rgb[top:bottom, left:right])
    shrink_x = shrink_y = 1.0
    if scale > 1:
        smaller = (max(1, round(part.width / scale)), max(1, round(part.height / scale)))
        shrink_x, shrink_y = smaller[0] / part.width, smaller[1] / part.height
        part = part.resize(smaller, Image.Resampling.BILINEAR, reducing_gap=2)
    matrix = (
        forward.real * shrink_x, -forward.imag * shrink_x, (corner.real - left) * shrink_x,
        forward.imag * shrink_y, forward.real * shrink_y, (corner.imag - top) * shrink_y,
    )  # fmt: skip
    chip = part.transform(
        (CHIP_SIDE, CHIP_SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(chip)


def _placement(landmarks: NDArray[np.float32]) -> tuple[complex, complex]:
    """Return factor and summand that bring a place in the chip, x + iy, to one in the picture.

    Multiplying by a complex number turns and scales: the two numbers are the similarity transform
    that brings the landmarks together best, by least squares.
    """
    chip = CHIP_LANDMARKS[:, 0] + 1j * CHIP_LANDMARKS[:, 1]
    picture = landmarks[:, 0].astype(float) + 1j * landmarks[:, 1]
    centred = chip - chip.mean()
    factor = complex(np.vdot(centred, picture) / np.vdot(centred, centred).real)
    return factor, complex(picture.mean() - factor * chip.mean())


def _span(values: NDArray[np.float64], size: int) -> tuple[int, int]:
    """Return the whole pixels, out of `size`, that cover the values and one pixel around them."""
    low, high = np.floor(values.min()) - 1, np.ceil(values.max()) + 2
    return int(np.clip(low, 0, size)), int(np.clip(high, 0, size))
