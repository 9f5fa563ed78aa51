"""The five orders that tests of lists ask about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.oms.query.five_orders import STRATEGY, metric
from tests.oms.request_bodies import NINE, an_order, labelled, oid, put, usd
from tui.api.models import Order
from tui.oms.engine.engine import Engine


@pytest.fixture
def orders(engine: Engine) -> Sequence[Order]:
    """Write five orders that differ in every queryable field."""
    made = [
        an_order("ORD-1", side="Buy", properties=labelled(STRATEGY, "Momentum"), limit_price=usd("190.5")),
        an_order("ORD-2", side="Sell", quantity=Decimal("9.5"), state="Filled", portfolio_id=oid("INCOME")),
        an_order("ORD-3", quantity=Decimal(1000), state="Cancelled", portfolio_id=None),
        an_order("ORD-4", state=None, date=NINE + timedelta(hours=1), properties=labelled(STRATEGY, "Value")),
        an_order(
            "ORD-5", state="filled", lusid_instrument_id="LUID_ZZZZZZZZ", properties=metric(STRATEGY, "7.5")
        ),
    ]
    for minute, order in enumerate(made):
        engine.write(put, [order], user="u", now=NINE + timedelta(minutes=minute))
    return made
