from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.geometry import overlap
from vib.faces.photograph import PhotographFaces
from vib.faces.photograph_file import MOST_PIXELS, BadPhotograph
from vib.faces.shots import FaceShot

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def faces(detector: Detector, embedder: Embedder) -> PhotographFaces:
    return PhotographFaces(detector, embedder)


@pytest.fixture(scope="module")
def portrait(faces: PhotographFaces, astronaut: Picture) -> FaceShot:
    """What is found in the photograph as it is."""
    (shot,) = faces.find(file(Image.fromarray(astronaut), "PNG"))
    return shot


def file(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    data = BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def distance(one: FaceShot, other: FaceShot) -> float:
    assert one.embedding is not None
    assert other.embedding is not None
    return float(np.linalg.norm(one.embedding - other.embedding))


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.new("L", image.size, 255))
    return image


KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: file(image, quality=90),
    "greyscale": lambda image: file(image.convert("L")),
    "CMYK": lambda image: file(image.convert("CMYK"), quality=90),
    "progressive": lambda image: file(image, progressive=True),
    "palette": lambda image: file(image.convert("P"), "GIF"),
    "transparency": lambda image: file(with_alpha(image), "PNG"),
    "16 bits": lambda image: file(
        Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), "PNG"
    ),
    "WEBP": lambda image: file(image, "WEBP"),
    "TIFF": lambda image: file(image, "TIFF"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_photographs_of_every_kind_show_the_same_face(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture, kind: Callable
) -> None:
    (shot,) = faces.find(kind(Image.fromarray(astronaut)))

    assert overlap(shot.box, portrait.box) > 0.9
    assert distance(shot, portrait) < 0.35


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_seen_as_its_camera_was_held(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = undone(Image.fromarray(astronaut), orientation)

    (shot,) = faces.find(file(lying, exif=exif, quality=95))

    assert overlap(shot.box, portrait.box) > 0.9


def undone(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as a camera stores it whose orientation says how to put it right."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image.transpose(back[orientation]) if orientation in back else image


def test_a_mirrored_face_is_the_same_person(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture
) -> None:
    (shot,) = faces.find(file(ImageOps.mirror(Image.fromarray(astronaut))))

    assert distance(shot, portrait) < 0.2
    assert shot.yaw == pytest.approx(-portrait.yaw, abs=8)


def test_a_tiny_face_is_found_and_not_recognised_by(
    faces: PhotographFaces, astronaut: Picture
) -> None:
    (shot,) = faces.find(file(Image.fromarray(astronaut).resize((72, 72)), quality=95))

    assert shot.box[2] < 16
    assert shot.embedding is None


def test_a_huge_photograph_costs_no_more_than_a_large_one(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture
) -> None:
    huge = Image.fromarray(astronaut).resize((6144, 6144))

    (shot,) = faces.find(file(huge, quality=80))

    assert overlap(tuple(value / 12 for value in shot.box), portrait.box) > 0.85
    assert distance(shot, portrait) < 0.35


def test_two_people_are_two_faces_the_larger_first(
    faces: PhotographFaces, astronaut: Picture, hopper: Picture
) -> None:
    both = Image.new("RGB", (1024, 600))
    both.paste(Image.fromarray(astronaut), (0, 0))
    both.paste(Image.fromarray(hopper), (512, 0))

    first, second = faces.find(file(both))

    assert first.box[0] > 512 > second.box[0]
    assert distance(first, second) > 0.6


def test_a_covered_mouth_leaves_the_person(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture
) -> None:
    left, top, width, height = map(round, portrait.box)
    masked = Image.fromarray(astronaut)
    masked.paste((190, 200, 210), (left, top + round(0.68 * height), left + width, top + height))

    (shot,) = faces.find(file(masked))

    assert distance(shot, portrait) < 0.6


def test_a_face_at_the_border_is_found(faces: PhotographFaces, astronaut: Picture) -> None:
    (shot,) = faces.find(file(Image.fromarray(astronaut[:, 195:])))

    assert shot.box[0] < 10


def test_a_blurred_face_is_found_and_not_recognised_by(
    faces: PhotographFaces, astronaut: Picture
) -> None:
    (shot,) = faces.find(file(Image.fromarray(astronaut).filter(ImageFilter.GaussianBlur(7))))

    assert shot.embedding is None


def test_nobody_is_found_where_nobody_is(faces: PhotographFaces, coffee: Picture) -> None:
    assert faces.find(file(Image.fromarray(coffee))) == []


def test_the_same_photograph_gives_the_same_faces(
    faces: PhotographFaces, portrait: FaceShot, astronaut: Picture
) -> None:
    (shot,) = faces.find(file(Image.fromarray(astronaut), "PNG"))

    assert shot.box == portrait.box
    assert shot.picture == portrait.picture
    np.testing.assert_array_equal(shot.embedding, portrait.embedding)


def bad_files() -> Iterator[tuple[str, bytes, str]]:
    good = file(Image.effect_noise((400, 300), 50))
    yield "nothing", b"", "not a photograph"
    yield "text", b"Dear Grace" * 50, "not a photograph"
    yield "broken off", good[: len(good) // 2], "cannot be read"
    yield (
        "a page of PostScript",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "not a photo",
    )
    too_many = file(Image.new("1", (MOST_PIXELS // 8000 + 1, 8000)), "PNG")
    yield "too many pixels", too_many, "80,000,000 are the most"


@pytest.mark.parametrize(
    ("data", "sentence"), [b[1:] for b in bad_files()], ids=[b[0] for b in bad_files()]
)
def test_what_is_no_photograph_is_refused_in_a_sentence(
    faces: PhotographFaces, data: bytes, sentence: str
) -> None:
    with pytest.raises(BadPhotograph, match=sentence):
        faces.find(data)
