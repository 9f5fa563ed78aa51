"""What is known of currencies: how many decimals their money has, and where their market is.

Decimals are the minor units of ISO 4217. A code that is not in that list, such as one of a crypto asset,
has none: its amounts are taken as they are given. The time zone is that of the principal stock exchange of
the currency's country, by the names of the IANA time zone database; the API knows no markets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_USUAL_MINOR_UNITS: Final = 2
_MINOR_UNITS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    _USUAL_MINOR_UNITS: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
        "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
        "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON "
        "RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS "
        "UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_MINOR_UNITS_OF: Final = {code: units for units, codes in _MINOR_UNITS.items() for code in codes.split()}

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


def minor_units(currency: str | None) -> int | None:
    """Return how many decimals money of an ISO 4217 currency has; None where the code is not in the list.

    >>> minor_units("JPY"), minor_units("usd"), minor_units("KWD"), minor_units("BTC"), minor_units(None)
    (0, 2, 3, None, None)
    """
    return _MINOR_UNITS_OF.get((currency or "").upper())


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
