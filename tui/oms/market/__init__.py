"""The simulated market: it fills working placements over time, by the same calls as any client.

It is invented for simulation and holds no market data. The same desk, seed, virtual clock and calls give the
same fills, prices, ids and times.

:mod:`~tui.oms.market.parameters` holds every parameter, :mod:`~tui.oms.market.exchange` the prices, the
trading day and the halts, :mod:`~tui.oms.market.broker` the responses to placements,
:mod:`~tui.oms.market.fill_generator` the fills, and :mod:`~tui.oms.market.simulation` the market as the
server runs it.
"""

from __future__ import annotations

from tui.oms.demo.roster import REASON_PROPERTY
from tui.oms.market.broker import MARKET_USER
from tui.oms.market.parameters import MarketRules
from tui.oms.market.simulation import Market

__all__ = ["MARKET_USER", "REASON_PROPERTY", "Market", "MarketRules"]
