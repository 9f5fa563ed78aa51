"""The connections that only read: as many as threads may read at once, opened when they are first needed."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tui.oms.store.files import StoreError, open_reader
from tui.oms.store.reads import Reads

MOST: Final = 8
"""How many may read at once: long searches do not keep the others waiting."""
LONGEST_S: Final = 10
"""How long one may read, in seconds: by then nobody waits for it, and others want to read."""
STEPS: Final = 50_000
"""After how many steps of SQLite's machine, about a millisecond, a read looks at the time."""


class Readers:
    """Gives each reading thread a connection of its own, for one state of the database at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._idle: queue.LifoQueue[Reads | None] = queue.LifoQueue()
        for _ in range(MOST):
            self._idle.put(None)

    @contextmanager
    def one(self) -> Iterator[Reads]:
        """Give what reads one state of the database, the newest there is when the first thing is read.

        Raises:
            StoreError: the file cannot be read, or the reading took too long.
        """
        reads = self._idle.get()
        until = time.monotonic() + LONGEST_S
        try:
            if reads is None:
                reads = Reads(open_reader(self._file))
            reads.connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
            with reads.snapshot():
                yield reads
        except sqlite3.OperationalError as error:
            if time.monotonic() <= until:
                raise
            raise StoreError(f"The read took longer than {LONGEST_S} seconds. Ask for less.") from error
        finally:
            if reads is not None:
                reads.connection.set_progress_handler(None, 0)
            self._idle.put(reads)

    def close(self) -> None:
        """Close them all, once those at work are done."""
        for _ in range(MOST):
            reads = self._idle.get()
            if reads is not None:
                reads.close()
