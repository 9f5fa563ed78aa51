"""The pool of read-only connections: one for each concurrent read, opened when it is first needed."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tui.oms.store.files import StoreError, open_reader
from tui.oms.store.reads import StoreReader

MAX_READERS: Final = 8
"""The most reads that run at the same time: enough that long searches do not delay the others."""
MAX_READ_S: Final = 10
"""The most time one read may take, in seconds: after that its caller has timed out, and others wait."""
STEPS_PER_CHECK: Final = 50_000
"""After how many SQLite instructions, about a millisecond, a read checks its deadline."""


class ReaderPool:
    """A pool that lends each reading thread a connection, with a consistent snapshot of the database."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._idle: queue.LifoQueue[StoreReader | None] = queue.LifoQueue()
        for _ in range(MAX_READERS):
            self._idle.put(None)

    @contextmanager
    def lend(self) -> Iterator[StoreReader]:
        """Lend a connection with a snapshot of the database, the newest when the first row is read.

        Raises:
            StoreError: the file cannot be read, or the read took too long.
        """
        reads = self._idle.get()
        until = time.monotonic() + MAX_READ_S
        try:
            if reads is None:
                reads = StoreReader(open_reader(self._file))
            reads.connection.set_progress_handler(lambda: time.monotonic() > until, STEPS_PER_CHECK)
            with reads.snapshot():
                yield reads
        except sqlite3.OperationalError as error:
            if time.monotonic() <= until:
                raise
            raise StoreError(f"The read took longer than {MAX_READ_S} seconds. Ask for less.") from error
        finally:
            if reads is not None:
                reads.connection.set_progress_handler(None, 0)
            self._idle.put(reads)

    def close(self) -> None:
        """Close all connections, each after its current read."""
        for _ in range(MAX_READERS):
            reads = self._idle.get()
            if reads is not None:
                reads.close()
