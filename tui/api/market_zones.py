"""Where the market of a currency's instruments is, by its time zone.

It is that of the principal stock exchange of the currency's country, by the names of the IANA time zone
database; the API knows no markets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZONES: Final[Mapping[str, str]] = {
    "AED": "Asia/Dubai",
    "AUD": "Australia/Sydney",
    "BRL": "America/Sao_Paulo",
    "CAD": "America/Toronto",
    "CHF": "Europe/Zurich",
    "CNY": "Asia/Shanghai",
    "CZK": "Europe/Prague",
    "DKK": "Europe/Copenhagen",
    "EUR": "Europe/Paris",
    "GBP": "Europe/London",
    "HKD": "Asia/Hong_Kong",
    "HUF": "Europe/Budapest",
    "IDR": "Asia/Jakarta",
    "ILS": "Asia/Jerusalem",
    "INR": "Asia/Kolkata",
    "JPY": "Asia/Tokyo",
    "KRW": "Asia/Seoul",
    "KWD": "Asia/Kuwait",
    "MXN": "America/Mexico_City",
    "MYR": "Asia/Kuala_Lumpur",
    "NOK": "Europe/Oslo",
    "NZD": "Pacific/Auckland",
    "PHP": "Asia/Manila",
    "PLN": "Europe/Warsaw",
    "SAR": "Asia/Riyadh",
    "SEK": "Europe/Stockholm",
    "SGD": "Asia/Singapore",
    "THB": "Asia/Bangkok",
    "TRY": "Europe/Istanbul",
    "TWD": "Asia/Taipei",
    "USD": "America/New_York",
    "ZAR": "Africa/Johannesburg",
}


def market_zone(currency: str | None) -> tzinfo | None:
    """Return the time zone of the market an instrument of ``currency`` trades in, or None when not known.

    >>> str(market_zone("AUD")), market_zone("BTC")
    ('Australia/Sydney', None)
    """
    name = _ZONES.get((currency or "").upper())
    return _zone(name) if name else None


@cache
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):  # a machine without the time zone database
        return None
