"""What the demo's compliance rules are checked against: the worth of its funds, and what they may not trade.

All numbers are invented. They are chosen so that most orders pass, and so that what the declared situations
say of compliance is what a run finds (:mod:`tui.oms.demo.situations`).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Final

from tui.api.base import ResourceId
from tui.oms.demo import roster
from tui.oms.demo.universe import instruments
from tui.oms.domain.compliance_book import ComplianceBook, Fund

FUNDS: Final = {
    "UKEQ-GROW": ("GBP", 90, 12),
    "UKEQ-INC": ("GBP", 80, 11),
    "CHAR-NG": ("GBP", 60, 9),
    "SEG-HARB": ("GBP", 70, 10),
    "LDI-GILT": ("GBP", 160, 22),
    "BAL-60": ("GBP", 75, 11),
    "US-TECH": ("USD", 44, 7),
    "UST-LAD": ("USD", 120, 16),
    "GLB-CORE": ("USD", 95, 14),
    "EUR-LEAD": ("EUR", 85, 12),
}
"""The currency, the value and the cash of each fund, in millions."""
MILLION: Final = Decimal(1_000_000)
RESTRICTED: Final = {
    "US-TECH": ("TSLA",),
    "UKEQ-GROW": ("GLEN",),
    "UKEQ-INC": ("HSBA",),
    "SEG-HARB": ("GLEN", "HSBA"),
}
"""What funds may not trade, by ticker."""
HELD: Final = {("GLB-CORE", "TSLA"): Decimal("11")}
"""A holding that the market took above the limit for one issuer, in millions: no order is to blame for it."""
DOLLARS: Final = {
    "USD": Decimal(1),
    "GBP": Decimal("1.25"),
    "EUR": Decimal("1.1"),
    "CHF": Decimal("1.1"),
    "JPY": Decimal("0.0067"),
}


@cache
def compliance_book() -> ComplianceBook:
    """Return the facts of the demo."""
    luids = {known.ticker: known.luid for known in instruments()}
    return ComplianceBook(
        funds={
            _portfolio(code): Fund(
                currency,
                value * MILLION,
                cash * MILLION,
                {luids[ticker]: held * MILLION for (of, ticker), held in HELD.items() if of == code},
            )
            for code, (currency, value, cash) in FUNDS.items()
        },
        restricted={
            _portfolio(code): frozenset(luids[ticker] for ticker in tickers)
            for code, tickers in RESTRICTED.items()
        },
        prices={known.luid: known.price for known in instruments()},
        currencies={known.luid: known.currency for known in instruments()},
        dollars=DOLLARS,
    )


def _portfolio(code: str) -> ResourceId:
    return ResourceId(roster.SCOPE, code)
