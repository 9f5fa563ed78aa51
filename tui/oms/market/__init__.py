"""The simulated market: it fills working placements over time, as any client would, through the API's rules.

Everything about it is invented and nothing is market data. One seed gives one day: the same desk, seed,
virtual clock and the same calls in between give the same fills, prices, ids and times.

:mod:`~tui.oms.market.parameters` holds every number it goes by, :mod:`~tui.oms.market.exchange` the prices,
the trading day and the halts, :mod:`~tui.oms.market.broker` what placements are answered, and
:mod:`~tui.oms.market.simulation` the market as the server runs it.
"""

from __future__ import annotations

from tui.oms.market.broker import MARKET_USER, REASON_PROPERTY
from tui.oms.market.parameters import MarketRules
from tui.oms.market.simulation import Market

__all__ = ["MARKET_USER", "REASON_PROPERTY", "Market", "MarketRules"]
