"""Points in time in the forms the server keeps and reads them in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Give ``moment`` in microseconds since 1970, the store's form of asAt."""
    gap = moment - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def moment(micros: int) -> datetime:
    """Give the store's ``micros`` as an aware UTC time."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)


@lru_cache(maxsize=1024)
def time_text(value: datetime | None) -> str | None:
    """Give a time as the gate writes it into JSON, so that texts compare as times do."""
    if value is None:
        return None
    text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{text[:-6]}0+00:00"


def time_of(text: str) -> datetime | None:
    """Read a date or a time; without a zone it is UTC, a date alone is its midnight (F2).

    None when it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
