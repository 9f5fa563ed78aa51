"""What was learned of a server by asking: which optional calls it has, which filters it takes, and how long.

Servers differ in more than the API's documents tell. What one answered is remembered with the time, on disk
too, so that the next start need not ask again; after a day it is asked anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from tui.api.sanitize import escaped_json
from tui.atomic_file import write_atomically

KEPT_FOR: Final = timedelta(days=1)
"""How long an answer holds: a server may be upgraded overnight."""
FILE: Final = "learned.json"

log = logging.getLogger(__name__)

Fact = str | int | bool


class _Learned(Struct):
    value: Fact
    at: Annotated[datetime, Meta(tz=True)]


class Learned:
    """Facts about one server by name, such as ``filter.length``.

    Args:
        folder: where they are kept; None keeps them in memory only.
        now: this machine's clock, aware UTC.
    """

    def __init__(
        self, folder: Path | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path = folder / FILE if folder else None
        self._now = now
        self._facts: dict[str, _Learned] = self._read()

    def get(self, name: str) -> Fact | None:
        """Return what was learned under ``name`` within :data:`KEPT_FOR`, None when nothing was."""
        found = self._facts.get(name)
        if found is None or abs(self._now() - found.at) >= KEPT_FOR:
            return None
        return found.value

    def put(self, name: str, value: Fact) -> None:
        """Remember ``value``; nothing is written while it is what is known already."""
        if self.get(name) != value:
            self._facts[name] = _Learned(value, self._now())
            self._write()

    def forget(self, name: str = "") -> None:
        """Forget one fact, or all of them."""
        gone = [each for each in self._facts if not name or each == name]
        for each in gone:
            del self._facts[each]
        if gone:
            self._write()

    def _read(self) -> dict[str, _Learned]:
        """Return what is on disk; a file that cannot be read is as good as none."""
        if self._path is None:
            return {}
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Learned])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return {}

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            write_atomically(self._path, escaped_json(msgspec.json.encode(self._facts)))
        except OSError as error:
            log.warning("%s is not written: %s", self._path, error.strerror)
