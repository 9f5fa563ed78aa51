"""Last prices: a quote where the desk has a series of them, else the last fill, else the last limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.service.typed_times import local_time

LAST_FILL: Final = "last fill"
LAST_LIMIT: Final = "last limit"
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class LatestQuote(Struct, frozen=True, gc=False):
    """The newest quote of an instrument.

    ``scale`` is what ``value`` is divided by to be the price of one unit; None where the quote does not say,
    and the value is taken for a price as the desk writes it (R41). ``field`` is what was quoted, such as mid.
    An ``outdated`` one is older than the profile allows: it is shown, and nothing is checked against it.
    """

    value: Decimal
    scale: Decimal | None
    at: datetime | None
    field: str
    currency: str = ""
    outdated: bool = False

    def price(self, unit: Decimal) -> Decimal:
        """Return the price as the desk writes it, where one unit at price 1 costs ``unit``."""
        return self.value if self.scale is None else self.value / self.scale / unit


class LastPrice(Struct, frozen=True):
    """The last price of an instrument, whose it is, and of when.

    ``source`` is ``last fill``, ``last limit`` or the field of a quote. With ``scale_assumed`` nobody said
    that a bond's quote is per 100 nominal.
    """

    price: Decimal
    currency: str
    at: datetime | None
    source: str
    outdated: bool = False
    scale_assumed: bool = False

    def words(self, now: datetime) -> str:
        """Return whose price it is and its age: ``mid 2 min ago``, ``last fill yesterday``."""
        said = [f"{self.source.lower()} {age(self.at, now)}".rstrip()]
        if self.outdated:
            said.append("old")
        if self.scale_assumed:
            said.append("scale assumed")
        return ", ".join(said)


def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was, as people say it in the zone of ``now``; nothing where unknown.

    >>> now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    >>> age(now - timedelta(seconds=40), now), age(now - timedelta(minutes=2.9), now)
    ('just now', '2 min ago')
    >>> age(now - timedelta(hours=4), now), age(now - timedelta(hours=20), now)
    ('4 h ago', 'yesterday')
    >>> age(now - timedelta(days=4), now), age(None, now)
    ('20 Nov', '')
    >>> from zoneinfo import ZoneInfo
    >>> morning = datetime(2026, 11, 23, 23, 30, tzinfo=UTC).astimezone(ZoneInfo("Australia/Sydney"))
    >>> age(datetime(2026, 11, 23, 4, tzinfo=UTC), morning)
    'yesterday'
    """
    if at is None or at.year <= 1:
        return ""
    past = now - at
    if past < _MINUTE:
        return "just now"
    if past < _HOUR:
        return f"{past // _MINUTE} min ago"
    local = local_time(at, now.tzinfo or UTC)
    days = (now.date() - local.date()).days
    if not days:
        return f"{past // _HOUR} h ago"
    if days == 1:
        return "yesterday"
    return f"{local:%d %b}" if local.year == now.year else f"{local:%d %b %Y}"
