import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vib.faces.align import CHIP_LANDMARKS, CHIP_SIDE, cut_chip

Picture = NDArray[np.uint8]


@pytest.fixture
def pattern() -> Picture:
    """A chip of large coloured spots."""
    spots = np.random.default_rng(2).integers(0, 256, (6, 6, 3), np.uint8)
    image = Image.fromarray(spots).resize((CHIP_SIDE, CHIP_SIDE), Image.Resampling.BICUBIC)
    return np.asarray(image)


def placed(chip: Picture, scale: float, degrees: float) -> tuple[Picture, NDArray[np.float32]]:
    """A picture of 900x800 pixels with the chip in it, scaled and turned clockwise."""
    factor = scale * np.exp(1j * np.radians(degrees))
    shift = 450 + 400j - factor * CHIP_SIDE * (0.5 + 0.5j)
    back = 1 / factor
    matrix = (
        back.real, -back.imag, -(back * shift).real,
        back.imag, back.real, -(back * shift).imag,
    )  # fmt: skip
    image = Image.fromarray(chip).transform(
        (900, 800), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    marks = factor * (CHIP_LANDMARKS @ [1, 1j]) + shift
    return np.asarray(image), np.column_stack([marks.real, marks.imag]).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 30, -75, 180])
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.3])
def test_a_face_is_brought_upright_to_one_size(
    pattern: Picture, scale: float, degrees: float
) -> None:
    chip = cut_chip(*placed(pattern, scale, degrees))

    assert chip.shape == (CHIP_SIDE, CHIP_SIDE, 3)
    inner = slice(10, -10)
    assert np.abs(chip[inner, inner].astype(int) - pattern[inner, inner]).mean() < 4


def test_fine_detail_of_a_large_face_is_averaged_not_picked(pattern: Picture) -> None:
    picture, landmarks = placed(pattern, 4, 0)
    noise = np.random.default_rng(3).normal(0, 60, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    soft = np.asarray(Image.fromarray(noisy).filter(ImageFilter.BoxBlur(2)))

    chip = cut_chip(noisy, landmarks).astype(int)

    inner = slice(10, -10)
    expected = cut_chip(soft, landmarks).astype(int)
    assert np.abs(chip[inner, inner] - expected[inner, inner]).mean() < 8


def test_what_is_beyond_the_edge_is_black(pattern: Picture) -> None:
    picture, landmarks = placed(pattern, 2, 0)

    chip = cut_chip(picture[:, 450:], landmarks - np.array([450, 0], np.float32))

    assert chip[:, :70].max() == 0
    whole = cut_chip(picture, landmarks).astype(int)
    assert np.abs(chip[:, 80:] - whole[:, 80:]).mean() < 2


def test_a_face_wholly_beyond_the_edge_is_black(pattern: Picture) -> None:
    picture, landmarks = placed(pattern, 1, 0)

    assert cut_chip(picture, landmarks + np.float32(5000)).max() == 0
