"""The file behind the journal: who may open it, and what it must look like."""

import fcntl
import os
import sqlite3
from pathlib import Path

from localswf.store.schema import SCHEMA
from localswf.store.wal import loses_commits

_APPLICATION_ID = 0x53574631
_VERSION = 2

# In bytes: what a write-ahead log that had to grow for one large commit shrinks to.
_LARGEST_LOG = 16 * 1024 * 1024


class DataFileError(Exception):
    """The data file cannot be used; the message says why and what to do."""


class FileLock:
    """Keeps every other process from opening a data file.

    The lock is on a file beside it: SQLite's own locks on the data file would be lost with the
    first descriptor of it that this process closes.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock of the data file at `path`.

        Raises:
            DataFileError: another process has it, or its folder cannot be written.
        """
        lock_path = path.with_name(f"{path.name}.lock")
        try:
            self._descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataFileError(f"{path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise DataFileError(
                f"{path} is in use by another server; stop that one or name another file."
            ) from None

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


def require(path: Path) -> None:
    """Make sure that there is a data file, for those who do not want one made.

    Raises:
        DataFileError: there is none, or it is empty.
    """
    if not path.exists():
        raise DataFileError(f"{path} is not there.")
    if path.is_file() and not path.stat().st_size:
        raise DataFileError(f"{path} is empty.")


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection to a data file that leaves transactions to its user; None for memory.

    Raises:
        DataFileError: it cannot be opened at all.
    """
    name = ":memory:" if path is None else str(path)
    try:
        return sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise DataFileError(f"{path} cannot be opened: {error}.") from error


def prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    """Make sure that a connection's file is whole and ours; an empty one gets its tables.

    Raises:
        DataFileError: the file is damaged, of another program or of another version of this one,
            or it cannot be written.
    """
    try:
        if path is not None:
            _check_place(path)
            _check_log(path)
        _check_kind(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={_LARGEST_LOG}")
        _check_pages(connection)
        # So that a log has the traces of one crash at most: see `localswf.store.wal`.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except OSError as error:
        raise DataFileError(f"{error.filename} cannot be read: {error.strerror}.") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # The latter for SQLite's messages that quote from damaged tables.
        raise _unusable(path, error) from error


def _check_place(path: Path) -> None:
    # SQLite would open it for reading alone.
    if not os.access(path, os.W_OK, effective_ids=True):
        raise DataFileError(f"{path} cannot be opened: this user may not write it.")
    if path.stat().st_nlink > 1:
        raise DataFileError(
            f"{path} has a second name (a hard link), by which its write-ahead log would not be "
            "found; copy it instead."
        )


def _check_log(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        return
    if log.stat().st_size and not path.stat().st_size:
        raise DataFileError(
            f"{path} is gone or empty, but its write-ahead log {log.name} is not; restore both "
            "from a copy or, to begin anew, remove the log."
        )
    if loses_commits(log):
        raise DataFileError(
            f"{log} is damaged, and with it what was last written to {path.name}; restore both "
            "from a copy."
        )


def _unusable(path: Path | None, error: Exception) -> DataFileError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return DataFileError(
            f"{path} cannot be written ({error}); make room on its file system and start again."
        )
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}:
        return DataFileError(
            f"{path} cannot be opened ({error}); see that this user may write it and its folder."
        )
    return DataFileError(
        f"{path} is damaged or no data file of localswf ({error}); "
        "restore it from a copy or name another file."
    )


def _check_kind(connection: sqlite3.Connection, path: Path | None) -> None:
    application_id: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application_id == 0 and tables == 0:
        connection.executescript(
            f"BEGIN; {SCHEMA} PRAGMA application_id={_APPLICATION_ID};"
            f"PRAGMA user_version={_VERSION}; COMMIT;"
        )
    elif application_id != _APPLICATION_ID:
        raise DataFileError(f"{path} is the file of another program; name another file.")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != _VERSION:
        raise DataFileError(
            f"{path} has format {version}, this program writes format {_VERSION}; "
            "use the program that wrote it or name another file."
        )


def _check_pages(connection: sqlite3.Connection) -> None:
    damage: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        # The lines before the last say in which database.
        raise sqlite3.DatabaseError(damage.splitlines()[-1])
