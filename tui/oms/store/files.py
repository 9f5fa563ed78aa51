"""Opening a database file: make it private, lock it, check it, or say in a sentence why it cannot be used."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui.oms.store.folding import fold
from tui.oms.store.schema import APPLICATION, LAYOUT, statements

CHECKPOINT_PAGES: Final = 4_000
"""The length of the write-ahead log, in pages, at which it is checkpointed into the file."""
ALWAYS_CHECKED_BYTES: Final = 64 * 1024 * 1024
"""The size up to which a file is checked at every opening; a larger one only after an unclean end."""


class StoreError(Exception):
    """The database cannot be used; the message tells a person why and what to do."""


class FileLock:
    """Locks ``<database>.lock`` while the database is open, so that no second process opens it.

    While it is locked the file holds the owner's process id; a clean end empties it.
    """

    def __init__(self, database: Path) -> None:
        try:
            import fcntl
        except ImportError as error:
            raise StoreError(
                f"{database} cannot be guarded: this system has no file locks. Use --db :memory: instead."
            ) from error
        self.path = database.with_name(database.name + ".lock")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._text()
            os.close(self._file)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise StoreError(
                f"{database} is in use by another blotter{who}. Close that one, or choose another file."
            ) from error
        self.unclean = self._text() != ""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def _text(self) -> str:
        return os.pread(self._file, 32, 0).decode("ascii", "replace").strip()

    def release(self) -> None:
        """Release the lock after a clean end."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def open_database(path: Path | None, *, fresh: bool = False) -> tuple[sqlite3.Connection, FileLock | None]:
    """Open the database at ``path``, created if missing; None keeps it in memory.

    ``fresh`` deletes an existing database, but only if it is one of ours.

    Raises:
        StoreError: it is in use, not writable, not a database of ours, or damaged.
    """
    if path is None:
        return _prepared(_connect(":memory:"), None), None
    with _explained(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path)
    try:
        with _explained(path):
            if fresh and path.exists():
                _delete(path)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = _connect(str(path))
            try:
                return _prepared(connection, path, unclean=lock.unclean), lock
            except BaseException:
                connection.close()
                raise
    except BaseException:
        lock.release()
        raise


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be used: {error}. {_ADVICE}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path} cannot be opened: {reason}. Choose a file you may write to.") from error


def _delete(path: Path) -> None:
    with contextlib.closing(_connect(str(path))) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    if path.stat().st_size and application != APPLICATION:
        raise StoreError(f"{path} is the database of another program. Choose another file.")
    for tail in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + tail).unlink(missing_ok=True)


_ADVICE: Final = "Restore it from a backup, or choose another file."


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a read-only connection to the database at ``path``, which another connection has open.

    Raises:
        StoreError: it cannot be read.
    """
    with _explained(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.create_function("fold", 1, fold, deterministic=True)
        for setting in (
            "busy_timeout = 5000",
            "query_only = ON",
            "cache_size = -32768",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection


@contextlib.contextmanager
def without_log(connection: sqlite3.Connection) -> Iterator[None]:
    """Let a large transaction on an empty database be written once: to the file, and not to the log before.

    A rollback journal keeps the little that was there, so that nothing is half written after a crash either.
    While others have the database open, the log stays.
    """
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = DELETE")
    try:
        yield
    finally:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")  # opens the log: who has it open removes it at the end
        connection.execute("ROLLBACK")


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.create_function("fold", 1, fold, deterministic=True)
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


def _prepared(
    connection: sqlite3.Connection, path: Path | None, *, unclean: bool = False
) -> sqlite3.Connection:
    """Set up the connection, and create the tables when the database is new."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION:
        raise StoreError(f"{path} is the database of another program. Choose another file.")
    if tables and layout > LAYOUT:
        raise StoreError(f"{path} was written by a newer blotter. Upgrade this one, or choose another file.")
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")
    if not tables:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements():
            connection.execute(statement)
        connection.execute("COMMIT")
    elif path is not None and (unclean or path.stat().st_size <= ALWAYS_CHECKED_BYTES):
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(f"{path} is damaged: {verdict}. {_ADVICE}")
    if tables and layout < LAYOUT:
        from tui.oms.store.migrations import upgrade

        upgrade(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
    return connection
