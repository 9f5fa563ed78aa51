"""A price typed wrongly is seen beside the last one: of a limit, a stop and a fill, in whatever currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.dealer import fill as recorded
from tests.service.dealer import new_orders
from tests.service.sample_rows import block, execution, order, placement, snapshot_of
from tui.api.base import CurrencyAndAmount
from tui.config.limit_settings import LimitTable
from tui.service.environment import Environment, EnvironmentKind
from tui.service.verbs import CreateOrders, RecordFills, Tier, Verb
from tui.service.writes.limits import DEFAULT_LIMITS, Limits
from tui.service.writes.preview import preview

LOCAL = Environment("demo", EnvironmentKind.LOCAL)
DESK = snapshot_of(
    blocks=[block("BLK-1", "ORD-1")],
    orders=[order("ORD-1")],
    placements=[placement("PLC-1", "BLK-1", counterparty="ALBN")],
    executions=[execution("EXE-1", "PLC-1", "10", "189.5")],
)
"""A desk on which Apple traded last at 189.5 dollars."""


def creating(
    side: str, *, limit: str = "", stop: str = "", currency: str = "USD", type: str = "Limit"
) -> CreateOrders:
    """Return one small new order of Apple with these prices."""
    [request] = new_orders("BLK_9", ORD_1=1).requests

    def price(text: str) -> CurrencyAndAmount | None:
        return CurrencyAndAmount(amount=Decimal(text), currency=currency) if text else None

    return CreateOrders(
        (replace(request, side=side, type=type, limit_price=price(limit), stop_price=price(stop)),)
    )


def filling(price: str, quantity: int = 1) -> RecordFills:
    return RecordFills((recorded("EXE_9", "PLC_1", quantity, price),))


def judged(verb: Verb, limits: Limits = DEFAULT_LIMITS) -> tuple[Tier, str]:
    seen = preview(verb, DESK, LOCAL, limits)
    warned = (text for warning in seen.soft if warning.typed for text in warning.texts)
    return seen.tier, " ".join((*seen.hard, *warned))


@pytest.mark.parametrize(
    ("verb", "tier", "said"),
    [
        (creating("Sell", stop="180", type="Stop"), Tier.T1, ""),
        (creating("Buy", stop="200", type="Stop"), Tier.T1, ""),
        (
            creating("Sell", stop="195", type="Stop"),
            Tier.T3,
            "stop 195 is above the last fill 189.5: it triggers at once.",
        ),
        (
            creating("Buy", stop="180", type="Stop"),
            Tier.T3,
            "stop 180 is below the last fill 189.5: it triggers at once.",
        ),
        (creating("Sell", stop="95", type="Stop"), Tier.T3, "stop 95 is 49.9 % off the last fill 189.5"),
        (
            creating("Sell", stop="18950", type="Stop"),
            Tier.HARD,
            "stop 18,950 is 100 times the last fill 189.5: in pence?",
        ),
        (creating("Buy", stop="18950", type="Stop"), Tier.HARD, "pence?"),
    ],
)
def test_a_stop_may_stand_off_but_not_where_it_triggers_at_once(verb: Verb, tier: Tier, said: str) -> None:
    found, words = judged(verb)
    assert found is tier, words
    assert said in words


@pytest.mark.parametrize(
    ("verb", "tier", "said"),
    [
        (filling("189"), Tier.T1, ""),
        (filling("195"), Tier.T3, "price 195 is 2.9 % off the last fill 189.5, above the soft limit of 2 %"),
        (filling("18950"), Tier.T3, "price 18,950 is 100 times the last fill 189.5: in pence?"),
        (filling("0"), Tier.T3, "price 0 is 100 % off the last fill"),
        (filling("18950", 0), Tier.T1, ""),
    ],
    ids=["near", "off", "pence", "nothing", "voided"],
)
def test_the_price_of_a_fill_is_asked_about_and_never_refused(verb: Verb, tier: Tier, said: str) -> None:
    found, words = judged(verb)
    assert found is tier, words
    assert said in words


@pytest.mark.parametrize(
    ("limit", "currency", "tier", "said"),
    [
        ("172", "EUR", Tier.T1, ""),
        ("189.5", "JPY", Tier.HARD, "limit 189.5 JPY is 99.3 % off the last fill 189.5 USD"),
        ("15160", "GBX", Tier.T1, ""),
        ("0", "USD", Tier.HARD, "limit 0 is 100 % off the last fill 189.5"),
    ],
)
def test_a_limit_is_compared_in_the_currency_of_the_last_price(
    limit: str, currency: str, tier: Tier, said: str
) -> None:
    found, words = judged(creating("Buy", limit=limit, currency=currency))
    assert found is tier, words
    assert said in words


def test_a_desk_without_a_hard_limit_of_prices_is_asked_about_pence() -> None:
    unlimited = Limits((LimitTable("config.toml [limits]", {"price_hard": None}),))
    assert judged(creating("Buy", limit="18950"), unlimited)[0] is Tier.T3
