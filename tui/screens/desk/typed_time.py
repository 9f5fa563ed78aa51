"""A point in time as a reader types it: in the zone the desk shows times in, and not in the future."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

EXAMPLES: Final = "09:30 or 2026-11-20 09:30"


def read_time(typed: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the time ``typed`` names, in ``zone`` unless it names its own; without a date it is today's.

    Raises:
        ValueError: it is no time, or later than ``now``; the message is a sentence for who typed it.
    """
    text = typed.strip()
    if text[1:2] == ":":
        text = f"0{text}"
    day = f"{now.astimezone(zone):%Y-%m-%d} " if text[2:3] == ":" else ""
    try:
        moment = datetime.fromisoformat(day + text)
    except ValueError:
        raise ValueError(f"'{typed}' is not a time; write it as {EXAMPLES}, or 'now'.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if moment > now:
        raise ValueError(f"{time_in_full(moment, zone)} is in the future: the desk is seen as it was.")
    return moment


def time_in_full(moment: datetime, zone: tzinfo) -> str:
    """Return a time with its day and zone, and in UTC where that differs."""
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    text = f"{local:%d %b %Y %H:%M:%S %Z}"
    return text if local.utcoffset() == utc.utcoffset() else f"{text}, {utc:%d %b %H:%M:%S} UTC"
