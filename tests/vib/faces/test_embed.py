from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from vib.faces.embed import Embedder

Picture = NDArray[np.uint8]
SAME, DIFFERENT = 0.5, 0.6


@pytest.fixture(scope="module")
def embedded(look_at: Callable, embedder: Embedder) -> Callable[[Image.Image], NDArray[np.float32]]:
    def embed(image: Image.Image) -> NDArray[np.float32]:
        _, chip = look_at(np.asarray(image))
        return embedder.embed(chip[None])[0]

    return embed


CHANGES = {
    "mirrored": ImageOps.mirror,
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "bright": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "turned": lambda image: image.rotate(15),
    "smaller": lambda image: image.resize((256, 256)),
    "soft": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
    "without colour": lambda image: image.convert("L").convert("RGB"),
    "cropped": lambda image: image.crop((130, 20, 350, 260)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_pictures_of_one_person_lie_close_together(
    embedded: Callable, astronaut: Picture, change: Callable[[Image.Image], Image.Image]
) -> None:
    image = Image.fromarray(astronaut)

    assert np.linalg.norm(embedded(change(image)) - embedded(image)) < SAME


def test_pictures_of_two_people_lie_far_apart(
    embedded: Callable, astronaut: Picture, hopper: Picture
) -> None:
    one, other = embedded(Image.fromarray(astronaut)), embedded(Image.fromarray(hopper))

    assert np.linalg.norm(one - other) > DIFFERENT


def test_a_face_and_its_mirror_image_are_the_same(
    embedder: Embedder, look_at: Callable, hopper: Picture
) -> None:
    _, chip = look_at(hopper)

    face, mirrored = embedder.embed(np.stack([chip, chip[:, ::-1]]))

    np.testing.assert_allclose(face, mirrored, atol=1e-5)


def test_many_faces_are_embedded_as_each_alone(embedder: Embedder) -> None:
    chips = np.random.default_rng(4).integers(0, 256, (19, 150, 150, 3), np.uint8)

    together = embedder.embed(chips)

    assert together.shape == (19, 128)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together[-1], embedder.embed(chips[-1:])[0], atol=1e-5)


def test_no_faces_give_no_embeddings(embedder: Embedder) -> None:
    assert embedder.embed(np.zeros((0, 150, 150, 3), np.uint8)).shape == (0, 128)


def test_nearly_all_pairs_of_portraits_are_told_apart(
    embedder: Embedder, look_at: Callable, shared_faces: Any
) -> None:
    names = [name for name in sorted(shared_faces.identities) if name.startswith("id/johns")][::2]
    people = np.array([shared_faces.identities[name] for name in names])
    embeddings = embedder.embed(np.stack([look_at(shared_faces.picture(n))[1] for n in names]))

    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    same = people[:, None] == people[None]
    others = ~np.eye(len(names), dtype=bool)

    assert (distances[same & others] < 0.55).mean() > 0.98
    assert (distances[~same] > 0.55).mean() > 0.99
