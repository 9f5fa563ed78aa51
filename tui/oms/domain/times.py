"""Conversions between times, the store's microseconds and the text of JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Return ``moment`` in microseconds since 1970, the store's form of asAt."""
    gap = moment - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def from_micros(micros: int) -> datetime:
    """Return ``micros``, microseconds since 1970, as an aware UTC time."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)


@lru_cache(maxsize=1024)
def time_text(value: datetime | None) -> str | None:
    """Return a time as the codec writes it into JSON; such texts sort as their times do."""
    if value is None:
        return None
    text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{text[:-6]}0+00:00"


def time_of(text: str) -> datetime | None:
    """Return the time that ``text`` says, or None when it is neither a date nor a time.

    A time without a zone is UTC; a date alone is its midnight (F2).
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
