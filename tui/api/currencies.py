"""How many decimals the money of a currency has: the minor units of ISO 4217.

A code that is not in that list, such as one of a crypto asset, has none: its amounts are taken as they are
given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HUNDREDTHS: Final[Mapping[str, str]] = {"GBX": "GBP", "GBp": "GBP", "ZAc": "ZAR"}
"""Units that prices are quoted in, a hundredth of a currency each."""
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


def minor_units(currency: str | None) -> int | None:
    """Return how many decimals money of an ISO 4217 currency has; None where the code is not in the list.

    >>> minor_units("JPY"), minor_units("usd"), minor_units("KWD"), minor_units("BTC"), minor_units(None)
    (0, 2, 3, None, None)
    """
    return _MINOR_UNITS_OF.get((currency or "").upper())
