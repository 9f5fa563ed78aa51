"""Records of one kind on disk: read at the next start, so that names are there before they are asked for.

One JSON document a line. A file that cannot be read is as good as none; it is written anew, whole, and only
its owner can read it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from tui.api.sanitize import escaped_json
from tui.atomic_file import write_atomically

KEPT_FOR: Final = timedelta(days=30)
"""The age at which a record that nobody asked for again is left out."""
MOST_KEPT: Final = 5_000
"""The most records of a file, the newest first."""

log = logging.getLogger(__name__)


class Dated(Protocol):
    """A record, and when it was read."""

    @property
    def read_at(self) -> datetime: ...


RecordT = TypeVar("RecordT", bound=Dated)


class RecordFile(Generic[RecordT]):
    """The file of one kind of records in the folder of a server; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, name: str, kind: type[RecordT]) -> None:
        self._path = None if folder is None else folder / name
        self._decoder = msgspec.json.Decoder(kind)

    def load(self, now: datetime) -> list[RecordT]:
        """Return the records on disk; none when there is no file or it is not whole."""
        if self._path is None:
            return []
        found: list[RecordT] = []
        try:
            for line in self._path.read_bytes().splitlines():
                record = self._decoder.decode(line)
                if timedelta(0) <= now - record.read_at < KEPT_FOR:
                    found.append(record)
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, OverflowError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return []
        return found

    def save(self, records: Collection[RecordT]) -> None:
        """Write the records in the place of those on disk; a failure costs the next start its names."""
        if self._path is None:
            return
        newest = sorted(records, key=lambda record: record.read_at, reverse=True)[:MOST_KEPT]
        try:
            write_atomically(
                self._path, b"".join(escaped_json(msgspec.json.encode(each)) + b"\n" for each in newest)
            )
        except OSError as error:
            log.warning("%s is not written: %s", self._path, error.strerror)
