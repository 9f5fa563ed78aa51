"""Opening a database file: make it private, lock it, check it, or say in a sentence why it cannot be used."""

from __future__ import annotations

import contextlib
import errno
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


class StoreInUse(StoreError):
    """Another program has the database open."""


class FileLock:
    """Keeps every other process from a database while it is open, whatever name it calls it by.

    ``<database>.lock`` is locked, beside the file that symbolic links lead to. It holds the owner's process
    id until a clean end empties it. The file itself is locked too, where the system can: it may have been
    renamed or linked since. ``shown`` is what messages call the database.
    """

    def __init__(self, database: Path, shown: Path) -> None:
        try:
            import fcntl
        except ImportError as error:
            raise StoreError(
                f"{shown} cannot be guarded: this system has no file locks. Use --db :memory: instead."
            ) from error
        self._database = database
        self._shown = shown
        self._inode: tuple[int, int] | None = None
        self._file: int | None = None
        self.path = database.with_name(database.name + ".lock")
        self._lock = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._text()
            os.close(self._lock)
            raise _in_use(shown, holder) from error
        self.unclean = self._text() != ""
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def hold(self) -> None:
        """Lock the database file itself, by device and inode.

        Raises:
            StoreError: it is open by another name, or has more names than this one.
        """
        about = self._database.stat()
        inode = about.st_dev, about.st_ino
        if inode in _HELD:  # closing one more descriptor of it would end SQLite's own locks in this process
            raise _in_use(self._shown, str(os.getpid()))
        self._file = os.open(self._database, os.O_RDWR | os.O_CLOEXEC)
        if not _lock_file(self._file):
            raise _in_use(self._shown, "")
        self._inode = inode
        _HELD.add(inode)
        if about.st_nlink > 1:
            raise StoreError(
                f"{self._shown} is one of {about.st_nlink} names of one file (hard links). What is logged "
                "beside one name is not seen by the others, and would be lost. Keep one name, or make a copy."
            )

    def let_go(self) -> None:
        """Unlock the database file, to which no connection is open."""
        if self._inode is not None:
            _HELD.discard(self._inode)
        if self._file is not None:
            os.close(self._file)
        self._inode = self._file = None

    def release(self, *, clean: bool = True) -> None:
        """Unlock both. After an end that is not ``clean`` the next opening checks the database."""
        self.let_go()
        if clean:
            os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _text(self) -> str:
        return os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()


_HELD: Final[set[tuple[int, int]]] = set()
"""Device and inode of the databases that this process has open."""
_LOCKED_BYTE: Final = 1 << 62
"""The byte of a database file that is locked: far behind all data and all that SQLite locks."""


def _lock_file(file: int) -> bool:
    """Lock an open file and return whether nobody else has it locked.

    The lock belongs to the descriptor: it stays when SQLite closes one of its own. Python offers such locks
    on Linux only; elsewhere the names alone are guarded.
    """
    import fcntl
    import struct

    set_lock = getattr(fcntl, "F_OFD_SETLK", None)
    if set_lock is None:
        return True
    wanted = struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
    try:
        fcntl.fcntl(file, set_lock, wanted)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _in_use(shown: Path, holder: str) -> StoreInUse:
    who = f" (process {holder})" if holder.isdigit() else ""
    return StoreInUse(f"{shown} is in use by another blotter{who}. Close that one, or choose another file.")


def open_database(
    path: Path | None, *, fresh: bool = False, verify: bool = False
) -> tuple[sqlite3.Connection, FileLock | None]:
    """Open the database at ``path``, created if missing; None keeps it in memory.

    ``fresh`` deletes an existing database, but only if it is one of ours. After an unclean end, and to
    ``verify`` it, all rows are checked. One found damaged is checked at every opening until it is replaced.

    Raises:
        StoreError: it is in use, not writable, not a database of ours, or damaged.
    """
    if path is None:
        return _prepared(_connect(":memory:"), None), None
    file = Path(os.path.realpath(path))
    with explained(path):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(file, path)
    try:
        with explained(path):
            if fresh and file.exists():
                lock.hold()
                _delete(file, path)
                lock.let_go()
                lock.unclean = False
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            lock.hold()
            lock.unclean |= verify  # so that what is found damaged is not opened the next time either
            connection = _connect(str(file))
            try:
                return _prepared(connection, path, suspect=lock.unclean), lock
            except BaseException:
                connection.close()
                raise
    except BaseException:
        lock.release(clean=not lock.unclean)
        raise


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say of the database at ``path`` into a StoreError."""
    try:
        yield
    except (
        sqlite3.Error,
        UnicodeDecodeError,
    ) as error:  # the error may quote a damaged name
        raise StoreError(f"{path} cannot be used: {error}. {_ADVICE}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path} cannot be opened: {reason}. Choose a file you may write to.") from error


def _delete(file: Path, shown: Path) -> None:
    with contextlib.closing(_connect(str(file))) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    if file.stat().st_size and application != APPLICATION:
        raise StoreError(f"{shown} is the database of another program. Choose another file.")
    for tail in ("-wal", "-shm", "-journal", ""):
        file.with_name(file.name + tail).unlink(missing_ok=True)


_ADVICE: Final = "Restore it from a backup, or choose another file."


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a read-only connection to the database at ``path``, which another connection has open.

    Raises:
        StoreError: it cannot be read.
    """
    with explained(path):
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
    connection: sqlite3.Connection, path: Path | None, *, suspect: bool = False
) -> sqlite3.Connection:
    """Set up the connection, and create the tables when the database is new; check a ``suspect`` one."""
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
    elif path is not None and (suspect or path.stat().st_size <= ALWAYS_CHECKED_BYTES):
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(f"{path} is damaged: {verdict}. {_ADVICE}")
    if tables and layout < LAYOUT:
        from tui.oms.store.migrations import upgrade

        upgrade(connection)
    if tables and suspect:
        from tui.oms.store.damage import damage_of

        if what := damage_of(connection):
            raise StoreError(f"{path} is damaged: {what} {_ADVICE}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
    return connection
