"""When somebody was on a desk: what came since is news to them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui.atomic_file import write_atomically

GONE_AFTER: Final = timedelta(minutes=5)
"""Who presses no key for so long is taken to have left."""
LONGEST_TEXT: Final = 64
"""Bytes of a time in a file; more are no time."""

log = logging.getLogger(__name__)


class Visits:
    """The last visit of this user, and the present one.

    Args:
        path: the file that keeps when the user was here; None keeps nothing.
        now: this machine's clock, aware UTC.
    """

    def __init__(self, path: Path | None, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self.last = _read(path) if path else None
        """When the last visit ended; None where nobody knows."""
        self._seen = now()
        self._saved: datetime | None = None

    def key(self) -> None:
        """Note that the user is here; after a long time without a key this is another visit."""
        now = self._now()
        if now - self._seen >= GONE_AFTER:
            self.last = self._seen
        self._seen = now

    def save(self) -> None:
        """Keep when the user was here; a file that cannot be written is no reason to stop."""
        if self._path is None or self._saved == self._seen:
            return
        try:
            write_atomically(self._path, self._seen.isoformat().encode())
        except OSError as error:
            log.warning("the time of this visit is not kept: %s", error)
        else:
            self._saved = self._seen


def _read(path: Path) -> datetime | None:
    """Return the time that a file keeps; None where there is none."""
    try:
        with path.open("rb") as file:
            moment = datetime.fromisoformat(file.read(LONGEST_TEXT).decode().strip())
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo else None
