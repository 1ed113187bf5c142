"""Long payloads in a folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


class FolderStore:
    """Keeps payloads as files in a folder: on one machine, or on a file system that all share.

    A file is there as a whole or not at all, also after a crash.
    """

    def __init__(self, folder: Path | str) -> None:
        """`folder` is made when the first payload is put there."""
        self._folder = Path(folder).absolute()

    def put(self, key: str, data: bytes) -> None:
        """Write a file, and have it on disk.

        Raises:
            OSError: that is not possible.
        """
        path = self._folder / key
        missing = [each for each in path.parents if not each.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{uuid4().hex}.new")
        try:
            with new.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        for folder in (path.parent, *(each.parent for each in missing)):
            _sync(folder)

    def get(self, key: str) -> bytes:
        """Read a file.

        Raises:
            KeyError: there is none.
            OSError: it cannot be read.
        """
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(key) from error

    def keys(self, prefix: str) -> Iterator[str]:
        """The files below a folder, in order; half-written ones of processes that died as well."""
        for folder, folders, files in os.walk(self._folder / prefix):
            folders.sort()
            for name in sorted(files):
                yield str((Path(folder) / name).relative_to(self._folder))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files, and the folders that are empty then."""
        folders = set()
        for key in keys:
            path = self._folder / key
            path.unlink(missing_ok=True)
            folders.add(path.parent)
        for folder in folders:
            with suppress(OSError):  # something is left in it
                folder.rmdir()

    def __str__(self) -> str:
        return str(self._folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
