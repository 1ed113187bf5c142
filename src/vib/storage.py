import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


class FolderStorage:
    """Files under keys, in a folder of this machine.

    A key is a relative path such as `3f2a/3f2a_output.mp4`. A file appears under its key whole or
    not at all, and saving under a key again replaces what was there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def save(self, key: str, source: Path) -> None:
        """Store a copy of the file `source` under `key`, on disk when this returns."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            shutil.copyfile(source, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The file under `key` as a path that can be read inside the `with` block.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(f"Nothing is stored under {key!r} in {self._folder}.")
        yield path

    def delete(self, key: str) -> None:
        """Remove what is stored under `key`, if there is anything."""
        self._path(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """Whether something is stored under `key`."""
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder) or path == self._folder:
            raise ValueError(f"The key {key!r} points outside the storage folder.")
        return path
