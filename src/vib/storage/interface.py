from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol


class Storage(Protocol):
    """Files under keys, which are relative paths such as `3f2a/3f2a_720p.mp4`.

    A file appears under its key whole or not at all, and saving under a key again replaces what was
    there. Every method raises ValueError for a key that is no such path.
    """

    def save(self, key: str, source: Path) -> None:
        """Store a copy of the file `source` under `key`, safe when this returns."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The file under `key` as a path that can be read inside the `with` block.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """

    def size(self, key: str) -> int:
        """The bytes under `key`.

        Raises:
            FileNotFoundError: nothing is stored under `key`.
        """

    def exists(self, key: str) -> bool:
        """Whether something is stored under `key`."""

    def delete(self, key: str) -> None:
        """Remove the file under `key`, if there is one."""

    def delete_folder(self, folder: str) -> None:
        """Remove every file whose key begins with `folder` and a slash."""

    def keys(self, folder: str) -> Iterator[str]:
        """Every key that begins with `folder` and a slash."""

    def folders(self, folder: str = "") -> Iterator[str]:
        """The names of the folders right below `folder`; the topmost ones if it is left out."""

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Remove what processes that were killed while they saved have left; how much there was."""

    def url(self, key: str, lifetime: timedelta) -> str:
        """Where the file under `key` can be read by who knows no secret, for so long at least."""


def checked(key: str) -> str:
    """A key, if it is one.

    Raises:
        ValueError: it is not a relative path, or a part of it begins with a dot.
    """
    parts = PurePosixPath(key).parts
    if not parts or "/".join(parts) != key or any(part.startswith(".") for part in parts):
        raise ValueError(f"{key!r} is no storage key: a relative path without . and .. is one.")
    return key
