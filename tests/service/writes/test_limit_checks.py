"""The limits of a desk in a preview: which one, where it is said, at which rate, and what is above it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.service.sample_rows import block, order, rid, snapshot_of, usd
from tui.api.base import CurrencyAndAmount
from tui.api.requests import OrderUpdateRequest
from tui.config.limit_settings import LimitTable
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CancelOrders, Tier, UpdateOrders
from tui.service.writes.limits import Limits
from tui.service.writes.preview import Preview, preview

LOCAL = Environment("demo", EnvironmentKind.LOCAL)
PROD = Environment("live", EnvironmentKind.PROD, "https://x.lusid.com/api")


def money(amount: str, currency: str) -> CurrencyAndAmount:
    return CurrencyAndAmount(amount=Decimal(amount), currency=currency)


def desk_with(**orders: tuple[str, CurrencyAndAmount | None]) -> Snapshot:
    """Return a desk with a block and an order of each size and limit, each of an instrument of its own."""
    blocks, rows = [], []
    for code, (size, limit) in orders.items():
        own: dict[str, Any] = {
            "lusid_instrument_id": f"LUID_{code}",
            "instrument_identifiers": {"Ticker": code},
        }
        blocks.append(block(f"B-{code}", code, limit_price=limit, **own))
        rows.append(order(code, size, limit_price=limit, **own))
    return snapshot_of(blocks=blocks, orders=rows)


def resize(code: str, to: int) -> UpdateOrders:
    return UpdateOrders((OrderUpdateRequest(id=rid(code), quantity=Decimal(to)),))


def asked(
    verb: UpdateOrders | CancelOrders, desk: Snapshot, environment: Environment = LOCAL, **values: Any
) -> Preview:
    """Return the preview on a desk whose file says the limits ``values``."""
    said = {name: None if value is None else Decimal(value) for name, value in values.items()}
    return preview(verb, desk, environment, Limits((LimitTable("config.toml [limits]", said),)))


STERLING = desk_with(A=("100", money("4.08", "GBP")))


def test_the_limit_its_origin_and_the_rate_used_are_said() -> None:
    seen = asked(resize("A", 1_000_000), STERLING)
    assert seen.tier is Tier.T3
    assert seen.soft[0].text == (
        "A for GROWTH (A): 4.08m GBP, 5.1m USD at 1.25, is above the soft limit of 5m USD "
        "(notional_soft, default)."
    )
    seen = asked(resize("A", 1_000_000), STERLING, notional_soft="1", notional_hard="5_000_000")
    assert seen.tier is Tier.HARD
    assert seen.hard == (
        "A for GROWTH (A): 4.08m GBP, 5.1m USD at 1.25, is above the hard limit of 5m USD "
        "(notional_hard, config.toml [limits]).",
    )


def test_none_takes_a_limit_away_and_a_raised_one_holds() -> None:
    large = resize("A", 20_000_000)
    assert asked(large, STERLING).tier is Tier.HARD
    assert asked(large, STERLING, notional_hard="200_000_000").tier is Tier.T3
    assert asked(large, STERLING, notional_hard=None, notional_soft=None).tier is Tier.T1


def test_a_currency_without_a_rate_is_counted_one_to_one_and_said_so() -> None:
    desk = desk_with(A=("100", money("1200", "KRW")))
    seen = asked(resize("A", 5_000), desk)
    assert [warning.text for warning in seen.soft] == [
        "A for GROWTH (A): 6m KRW, 6m USD one to one, is above the soft limit of 5m USD "
        "(notional_soft, default).",
        "A for GROWTH (A): no rate of KRW in USD is known, so it is taken one to one.",
    ]
    priced = Limits((LimitTable("config.toml [limits]", rates={"KRW": Decimal("0.0007")}),))
    assert preview(resize("A", 5_000), desk, LOCAL, priced).soft == ()


def test_money_below_zero_is_as_large_as_money_above() -> None:
    desk = desk_with(A=("100", usd("-37.63")))
    assert asked(resize("A", 200_000), desk).tier is Tier.T3
    assert asked(resize("A", 2_000_000), desk).tier is Tier.HARD


def test_the_largest_lines_are_ranked_in_the_base_currency() -> None:
    desk = desk_with(
        YEN=("1000", money("2000", "JPY")),
        EURO=("1000", money("30", "EUR")),
        POUND=("1000", money("28", "GBP")),
        DOLLAR=("1000", usd("31")),
    )
    cancel = CancelOrders(tuple(map(rid, ("YEN", "EURO", "POUND", "DOLLAR"))))
    assert [line.ref.id.code for line in asked(cancel, desk).largest] == ["POUND", "EURO", "DOLLAR"]


@pytest.mark.parametrize(
    ("values", "tier", "text"),
    [
        ({}, Tier.T2, ""),
        (
            {"prod_items": "1"},
            Tier.T3,
            "2 items on PROD: above 1 the count is typed (prod_items, ",
        ),
        ({"prod_items": "0", "prod_notional": None}, Tier.T3, "above 0 the count is typed"),
        ({"prod_notional": "9_000"}, Tier.T3, "10,100 USD on PROD: above 9,000 USD the count is typed"),
        ({"prod_items": None, "prod_notional": None}, Tier.T2, ""),
    ],
)
def test_prod_has_thresholds_of_its_own_and_says_which(values: dict[str, Any], tier: Tier, text: str) -> None:
    desk = desk_with(A=("1000", money("4.08", "GBP")), B=("1000", usd("5")))
    cancel = CancelOrders((rid("A"), rid("B")))
    seen = asked(cancel, desk, PROD, **values)
    assert seen.tier is tier
    assert [text in warning.text for warning in seen.soft] == ([True] if text else [])
    assert asked(cancel, desk, LOCAL, **values).tier is Tier.T2


def test_money_that_is_not_known_is_not_small_on_prod() -> None:
    desk = desk_with(A=("100", None))
    for environment, tier in ((LOCAL, Tier.T1), (PROD, Tier.T3)):
        seen = asked(resize("A", 1_000), desk, environment)
        assert (seen.tier, [warning.kind for warning in seen.soft]) == (tier, ["no price"])
    assert asked(resize("A", 1_000), desk, PROD, prod_notional=None).tier is Tier.T1


def test_items_of_one_batch_are_limited_by_the_file() -> None:
    desk = desk_with(**{f"O{number}": ("1", usd("1")) for number in range(4)})
    cancel = CancelOrders(tuple(rid(f"O{number}") for number in range(4)))
    assert asked(cancel, desk, items_soft="3").soft[0].text == (
        "4 items in one batch, above the soft limit of 3 (items_soft, config.toml [limits])."
    )
    assert asked(cancel, desk, items_soft="1", items_hard="3").tier is Tier.HARD
