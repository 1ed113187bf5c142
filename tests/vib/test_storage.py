from pathlib import Path

import pytest

from vib.storage import FolderStorage


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


def test_what_was_saved_can_be_read(storage: FolderStorage, source: Path) -> None:
    storage.save("a/b", source)

    with storage.local("a/b") as path:
        assert path.read_bytes() == b"content"


def test_saving_again_replaces(storage: FolderStorage, source: Path) -> None:
    storage.save("a/b", source)
    source.write_bytes(b"newer")

    storage.save("a/b", source)

    with storage.local("a/b") as path:
        assert path.read_bytes() == b"newer"


def test_only_what_was_saved_exists(storage: FolderStorage, source: Path) -> None:
    storage.save("a/b", source)

    assert storage.exists("a/b")
    assert not storage.exists("a")
    assert not storage.exists("a/c")


def test_a_save_that_fails_leaves_nothing(storage: FolderStorage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.save("a/b", tmp_path / "missing")

    assert list((tmp_path / "storage" / "a").iterdir()) == []


def test_reading_what_is_not_there_names_the_key(storage: FolderStorage) -> None:
    with pytest.raises(FileNotFoundError, match="'a/b'"), storage.local("a/b"):
        pass


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../outside", ""])
def test_a_key_cannot_point_outside(storage: FolderStorage, source: Path, key: str) -> None:
    with pytest.raises(ValueError, match="outside the storage folder"):
        storage.save(key, source)
