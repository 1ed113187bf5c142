import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from vib.storage.interface import checked


class FolderStorage:
    """A `Storage` in a folder of this machine, or one that several machines mount."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        # No key's folder, as keys have no part that begins with a dot.
        self._unfinished = self._folder / ".unfinished"

    def save(self, key: str, source: Path) -> None:
        """Store a copy of the file `source` under `key`, on disk when this returns."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._unfinished / uuid4().hex
        temporary.parent.mkdir(exist_ok=True)
        try:
            shutil.copyfile(source, temporary)
            _flush(temporary)
            temporary.replace(target)
            _flush(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The file under `key` itself.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """
        yield self._existing(key)

    def size(self, key: str) -> int:
        """The bytes under `key`.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """
        return self._existing(key).stat().st_size

    def exists(self, key: str) -> bool:
        """Whether something is stored under `key`."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove the file under `key`, if there is one."""
        self._path(key).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        """Remove every file whose key begins with `folder` and a slash."""
        path = self._path(folder)
        while path.is_dir():
            try:
                shutil.rmtree(path)
            except FileNotFoundError:  # somebody else removes it as well
                continue
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:  # whoever saves into it has it removed as well
                    raise

    def keys(self, folder: str) -> Iterator[str]:
        """Every key that begins with `folder` and a slash."""
        for path in sorted(self._path(folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(self._folder).as_posix()

    def folders(self, folder: str = "") -> Iterator[str]:
        """The names of the folders right below `folder`; the topmost ones if it is left out."""
        path = self._path(folder) if folder else self._folder
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir() if each.is_dir())
            yield from (name for name in names if name != self._unfinished.name)

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Remove what processes that were killed while they saved have left; how much there was."""
        count = 0
        for path in self._unfinished.glob("*"):
            with suppress(FileNotFoundError):  # it was finished meanwhile
                if path.stat().st_mtime < time.time() - older_than.total_seconds():
                    path.unlink()
                    count += 1
        return count

    def url(self, key: str, lifetime: timedelta) -> str:  # noqa: ARG002 - a file has no end
        """The file's own address, for programs on this machine."""
        return self._path(key).as_uri()

    def _existing(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(f"Nothing is stored under {key!r} in {self._folder}.")
        return path

    def _path(self, key: str) -> Path:
        path = (self._folder / checked(key)).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError(f"The key {key!r} points outside the storage, through a link.")
        return path


def _flush(path: Path) -> None:
    """Have a file's content, or a folder's names, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
