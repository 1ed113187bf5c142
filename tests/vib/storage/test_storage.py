import os
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from vib.storage.folder import FolderStorage
from vib.storage.interface import Storage
from vib.storage.s3 import S3Storage

HOUR = timedelta(hours=1)


@pytest.fixture
def folder_storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    made: Storage = request.getfixturevalue(f"{request.param}_storage")
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """Makes a file that holds something."""

    def make(content: bytes = b"content") -> Path:
        path = tmp_path / "source"
        path.write_bytes(content)
        return path

    return make


def read(storage: Storage, key: str) -> bytes:
    with storage.local(key) as path:
        return path.read_bytes()


def test_what_was_saved_can_be_read(storage: Storage, write: Callable[..., Path]) -> None:
    storage.save("a/b", write(b"content"))

    assert read(storage, "a/b") == b"content"
    assert storage.size("a/b") == 7


def test_a_file_of_many_parts_is_whole(storage: Storage, write: Callable[..., Path]) -> None:
    content = os.urandom(1 << 20) * 20

    storage.save("a/b", write(content))

    assert read(storage, "a/b") == content


def test_saving_again_replaces(storage: Storage, write: Callable[..., Path]) -> None:
    storage.save("a/b", write(b"older"))

    storage.save("a/b", write(b"newer"))

    assert read(storage, "a/b") == b"newer"


def test_only_what_was_saved_exists(storage: Storage, write: Callable[..., Path]) -> None:
    storage.save("a/b", write())

    assert storage.exists("a/b")
    assert not storage.exists("a")
    assert not storage.exists("a/c")


def test_what_was_deleted_is_gone_and_may_be_deleted_again(
    storage: Storage, write: Callable[..., Path]
) -> None:
    storage.save("a/b", write())

    storage.delete("a/b")
    storage.delete("a/b")

    assert not storage.exists("a/b")


def test_a_folder_is_deleted_with_all_below_and_nothing_beside(
    storage: Storage, write: Callable[..., Path]
) -> None:
    for key in ("a/b", "a/c/d", "ab/e"):
        storage.save(key, write())

    storage.delete_folder("a")
    storage.delete_folder("a")

    assert list(storage.keys("a")) == []
    assert list(storage.keys("ab")) == ["ab/e"]


def test_a_file_is_no_folder_to_be_deleted(storage: Storage, write: Callable[..., Path]) -> None:
    storage.save("a/b", write())

    storage.delete_folder("a/b")

    assert storage.exists("a/b")


def test_folders_and_the_keys_in_them_are_listed(
    storage: Storage, write: Callable[..., Path]
) -> None:
    for key in ("a/b", "a/c/d", "a/e/f", "g/h"):
        storage.save(key, write())

    assert list(storage.folders()) == ["a", "g"]
    assert list(storage.folders("a")) == ["c", "e"]
    assert list(storage.folders("nothing")) == []
    assert list(storage.keys("a")) == ["a/b", "a/c/d", "a/e/f"]


def test_an_address_reads_a_file(storage: Storage, write: Callable[..., Path]) -> None:
    storage.save("a/b", write(b"content"))

    with urllib.request.urlopen(storage.url("a/b", HOUR)) as answer:
        assert answer.read() == b"content"


def test_a_save_that_fails_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.save("a/b", tmp_path / "missing")

    assert list(storage.keys("a")) == []


def test_reading_what_is_not_there_names_the_key(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError, match="'a/b'"), storage.local("a/b"):
        pass
    with pytest.raises(FileNotFoundError, match="'a/b'"):
        storage.size("a/b")


@pytest.mark.parametrize(
    "key", ["../outside", "/etc/passwd", "a/../../outside", "", "a//b", "a/./b", "a/", ".a/b"]
)
def test_a_key_is_a_relative_path_that_stays_inside(
    storage: Storage, write: Callable[..., Path], key: str
) -> None:
    with pytest.raises(ValueError, match="is no storage key"):
        storage.save(key, write())


def test_a_link_does_not_lead_outside_the_folder(
    folder_storage: FolderStorage, write: Callable[..., Path], tmp_path: Path
) -> None:
    folder_storage.save("a/b", write())
    (tmp_path / "storage" / "a" / "c").symlink_to(tmp_path)

    with pytest.raises(ValueError, match="outside the storage"):
        folder_storage.save("a/c/d", write())


def test_what_a_killed_process_left_in_the_folder_is_removed_when_it_is_old(
    folder_storage: FolderStorage, write: Callable[..., Path], tmp_path: Path
) -> None:
    folder_storage.save("a/b", write())
    for name, age in (("left", 7_200), ("being written", 0)):
        path = tmp_path / "storage" / ".unfinished" / name
        path.touch()
        os.utime(path, (time.time() - age,) * 2)

    assert folder_storage.forget_unfinished(HOUR) == 1

    assert [path.name for path in path.parent.iterdir()] == ["being written"]
    assert list(folder_storage.folders()) == ["a"]


def test_what_a_killed_process_left_in_the_bucket_is_removed_when_it_is_old(
    s3_storage: S3Storage, bucket: str
) -> None:
    s3_storage._s3.create_multipart_upload(Bucket=bucket, Key="a/b")

    assert s3_storage.forget_unfinished(timedelta(days=10_000)) == 0
    assert s3_storage.forget_unfinished(-HOUR) == 1

    assert "Uploads" not in s3_storage._s3.list_multipart_uploads(Bucket=bucket)


def test_a_copy_from_the_bucket_is_gone_when_it_was_read(
    s3_storage: S3Storage, write: Callable[..., Path], tmp_path: Path
) -> None:
    s3_storage.save("a/b", write())

    with s3_storage.local("a/b") as path:
        assert path.exists()

    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_forked_process_has_a_connection_of_its_own(
    s3_storage: S3Storage, write: Callable[..., Path]
) -> None:
    s3_storage.save("a/b", write())
    before = s3_storage._s3

    child = os.fork()
    if not child:
        os._exit(int(s3_storage._s3 is before))

    assert os.waitpid(child, 0)[1] == 0
