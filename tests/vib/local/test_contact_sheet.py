from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from vib.db.people import Person
from vib.local.contact_sheet import CARD, COLUMNS, GAP, contact_sheet
from vib.storage.folder import FolderStorage

RED = (200, 30, 30)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Storage with one face picture under `face.jpg`."""
    Image.new("RGB", (300, 400), RED).save(tmp_path / "face.jpg")
    storage = FolderStorage(tmp_path / "storage")
    storage.save("face.jpg", tmp_path / "face.jpg")
    return storage


def people(count: int, name: str | None = None) -> list[Person]:
    return [Person(uuid4(), name, True, 2, 0.87, "face.jpg", 1.5) for _ in range(count)]


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (6, 6, 1), (7, 6, 2)])
def test_there_is_a_card_for_everybody(
    tmp_path: Path, storage: FolderStorage, count: int, columns: int, rows: int
) -> None:
    path = tmp_path / "sheets" / "people.png"

    contact_sheet(storage, people(count), path)

    with Image.open(path) as sheet:
        assert sheet.size == (columns * (CARD[0] + GAP) + GAP, rows * (CARD[1] + GAP) + GAP)
    assert columns <= COLUMNS


def test_a_card_shows_the_face(tmp_path: Path, storage: FolderStorage) -> None:
    path = tmp_path / "people.png"

    contact_sheet(storage, people(1), path)

    with Image.open(path) as sheet:
        pixel = sheet.getpixel((GAP + CARD[0] // 2, GAP + 100))
    assert isinstance(pixel, tuple)
    assert all(abs(seen - meant) < 10 for seen, meant in zip(pixel, RED, strict=True))


def test_a_long_name_stays_on_its_card(tmp_path: Path, storage: FolderStorage) -> None:
    path = tmp_path / "people.png"

    contact_sheet(storage, people(1, name="Maximiliane " * 20), path)

    with Image.open(path) as sheet:
        edge = sheet.crop((sheet.width - GAP, 0, sheet.width, sheet.height))
        assert len(edge.getcolors() or []) == 1
