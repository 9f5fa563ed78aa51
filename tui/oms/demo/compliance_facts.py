"""What the demo's compliance rules are checked against: the worth of its funds, and what they may not trade.

All numbers are invented, those of the funds (:mod:`tui.oms.demo.reference_tables`) too. They are chosen so
that most orders pass, and so that what the declared situations say of compliance is what a run finds
(:mod:`tui.oms.demo.situations`).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Final

from tui.api.base import ResourceId
from tui.oms.demo import roster
from tui.oms.demo.reference_instruments import DOLLARS
from tui.oms.demo.reference_tables import FUNDS, MILLION, portfolio_names
from tui.oms.demo.universe import instruments
from tui.oms.domain.compliance_book import ComplianceBook, Fund

RESTRICTED: Final = {
    "US-TECH": ("TSLA",),
    "UKEQ-GROW": ("GLEN",),
    "UKEQ-INC": ("HSBA",),
    "SEG-HARB": ("GLEN", "HSBA"),
}
"""What funds may not trade, by ticker."""
HELD: Final = {("GLB-CORE", "TSLA"): Decimal("11")}
"""A holding that the market took above the limit for one issuer, in millions: no order is to blame for it."""


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
            for code, (_, currency, value, cash) in FUNDS.items()
        },
        restricted={
            _portfolio(code): frozenset(luids[ticker] for ticker in tickers)
            for code, tickers in RESTRICTED.items()
        },
        prices={known.luid: known.price for known in instruments()},
        currencies={known.luid: known.currency for known in instruments()},
        dollars=DOLLARS,
        names=portfolio_names(),
    )


def _portfolio(code: str) -> ResourceId:
    return ResourceId(roster.SCOPE, code)
