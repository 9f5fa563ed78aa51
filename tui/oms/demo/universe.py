"""The instruments of the demo, read from ``instruments.json``.

Prices, volumes and volatilities are invented constants for simulation, never market data.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from tui.api.price_units import is_bond, price_unit
from tui.oms.domain.instrument_master import InstrumentTable

BASE32_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIGI: Final = "Instrument/default/Figi"
ISIN: Final = "Instrument/default/Isin"
CLIENT_INTERNAL: Final = "Instrument/default/ClientInternal"
TICKER: Final = "Instrument/default/Ticker"


@dataclass(frozen=True, slots=True)
class DemoInstrument:
    """One row of the demo's instrument table.

    ``price`` is the reference price in ``currency``, for bonds per 100 nominal; ``adv`` the average daily
    volume in shares (None for bonds, which trade by nominal); ``volatility`` the daily standard deviation in
    per cent.
    """

    ticker: str
    name: str
    asset_class: str
    currency: str
    isin: str
    figi: str | None
    price: Decimal
    adv: Decimal | None
    volatility: Decimal
    luid: str

    @property
    def identifiers(self) -> dict[str, str]:
        """An order's identifiers: FIGI if there is one, ISIN and ticker."""
        known = {FIGI: self.figi, ISIN: self.isin, TICKER: self.ticker}
        return {key: value for key, value in known.items() if value}

    @property
    def client_internal(self) -> str:
        """The identifier a client gives it, such as ``EQ-VOD`` or ``BD-UST-4-2034``: every one has one."""
        if not self.is_bond:
            return f"EQ-{self.ticker.rstrip('/')}"
        issuer, coupon, matures = self.ticker.split()
        return f"BD-{'UST' if issuer == 'T' else issuer}-{coupon}-20{matures[-2:]}"

    @property
    def is_bond(self) -> bool:
        """Whether it trades by nominal and is quoted per 100."""
        return is_bond(self.asset_class)

    @property
    def price_unit(self) -> Decimal:
        """The cost of one unit at price 1, in ``currency``."""
        return price_unit(self.asset_class)

    @property
    def tick(self) -> Decimal:
        """The tick size, in ``currency``."""
        if self.is_bond:
            return Decimal("0.001")
        if self.currency == "JPY":
            return Decimal(1)
        return Decimal("0.0001") if self.price < 1 else Decimal("0.01")

    @property
    def settlement_days(self) -> int:
        """Weekdays from trade to settlement: 1 for US dollars and bonds, else 2."""
        return 1 if self.currency == "USD" or self.is_bond else 2


def make_luid(isin: str) -> str:
    """Return the LUID that a local server assigns to ``isin``: eight base-32 characters, always the same.

    >>> make_luid("US5949181045") == make_luid("US5949181045")
    True
    """
    number = int.from_bytes(hashlib.sha256(isin.encode()).digest()[:5], "big")
    return "LUID_" + "".join(BASE32_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


@cache
def instruments() -> tuple[DemoInstrument, ...]:
    """Return the demo's instruments, as in the table."""
    text = files(__package__).joinpath("instruments.json").read_text(encoding="utf-8")
    return tuple(_instrument(row) for row in json.loads(text)["instruments"])


@cache
def instrument_table() -> InstrumentTable:
    """Return the demo's instruments as the table by which an engine resolves identifiers."""
    luids: dict[tuple[str, str], str] = {}
    for instrument in instruments():
        for key, value in instrument.identifiers.items():
            luids[key, value] = instrument.luid
        luids[CLIENT_INTERNAL, instrument.client_internal] = instrument.luid
    return InstrumentTable(luids, {known.luid: known.price_unit for known in instruments()})


def _instrument(row: dict[str, Any]) -> DemoInstrument:
    adv = row["adv"]
    return DemoInstrument(
        ticker=row["ticker"],
        name=row["name"],
        asset_class=row["assetClass"],
        currency=row["currency"],
        isin=row["isin"],
        figi=row["figi"],
        price=Decimal(row["price"]),
        adv=None if adv is None else (Decimal(adv) * 1_000_000).to_integral_value(),
        volatility=Decimal(row["volatility"]),
        luid=row.get("luid") or make_luid(row["isin"]),
    )
