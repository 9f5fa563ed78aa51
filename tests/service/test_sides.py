"""A tenant's own sides: offered as it spells them, known by direction, warned of where none would book."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.examples import example
from tests.service.sample_rows import NINE, order, rid, snapshot_of
from tui.api import codec
from tui.api.reference_models import Movement, TransactionAlias, TransactionType
from tui.api.requests import BlockAndOrdersRequest, BlockedOrderRequest
from tui.service.reference.side_reader import sides_of
from tui.service.sides import offered_sides, side_direction, side_typed, would_book
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.records import PortfolioFacts, Records, SideFacts
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CreateOrders
from tui.service.writes.unknown_names import SIDE, unknown_names


def desk(*sides: str, seen: tuple[str, ...] = (), **records: Any) -> Snapshot:
    held = snapshot_of(orders=[order(f"ORD-{at}", side=side) for at, side in enumerate(seen)])
    builder = SnapshotBuilder(held)
    types = tuple(SideFacts(each, NINE) for each in sides)
    builder.put_records(Records(sides=types, **records), ())
    return builder.freeze()


def kind(name: str, role: str = "", moves: str = "StockMovement", direction: int = 1) -> TransactionType:
    return TransactionType(
        aliases=(TransactionAlias(type=name, transaction_roles=role),),
        movements=(
            Movement(movement_types="CashCommitment", side="Side2", direction=-direction),
            Movement(movement_types=moves, side="Side1", direction=direction),
        ),
    )


def test_the_types_of_the_contract_are_sides_with_the_direction_of_their_roles() -> None:
    types = codec.decode(
        dict[str, tuple[TransactionType, ...]], example("38_list_transaction_types.response")
    )
    found = {each.name: each.direction for each in sides_of(types["default"], "default", NINE)}
    assert found["Buy"] == 1
    assert found["Sell"] == -1


@pytest.mark.parametrize(
    ("role", "moved", "direction"),
    [
        ("LongLonger", 1, 1),
        ("ShortLonger", -1, 1),
        ("shorter", 1, -1),
        ("ShortShorter", -1, -1),
        ("AllRoles", -1, -1),
        ("None", 1, 1),
        ("", 0, None),
    ],
)
def test_the_role_says_the_direction_else_the_movement(role: str, moved: int, direction: int | None) -> None:
    """R49."""
    [side] = sides_of([kind("X", role, direction=moved)], "default", NINE)
    assert side.direction == direction


def test_a_type_that_moves_no_stock_is_no_side() -> None:
    types = [
        kind("FundsIn", moves="CashCommitment"),
        kind("Swap", moves="Traded, Other"),
        kind("Fee", moves=""),
    ]
    assert [each.name for each in sides_of(types, "default", NINE)] == ["Swap"]


def test_sides_are_offered_as_the_tenant_calls_them_buy_and_sell_first() -> None:
    offered = offered_sides(desk("StockIn", "SellShort", "Sell", "Buy", "CoverShort", "Purchase"))
    assert list(offered.items()) == [
        ("Buy", "Buy"),
        ("Sell", "Sell"),
        ("Sell short", "SellShort"),
        ("Buy to cover", "CoverShort"),
        ("StockIn", "StockIn"),
        ("Purchase", "Purchase"),
    ]


def test_a_side_that_no_type_is_called_is_not_offered_unless_orders_have_it() -> None:
    assert list(offered_sides(desk("Buy", "Sell")).values()) == ["Buy", "Sell"]
    seen = offered_sides(desk("Buy", "Sell", seen=("BuyToCover", "Roll")))
    assert list(seen.values()) == ["Buy", "Sell", "BuyToCover", "Roll"]


def test_an_older_spelling_in_orders_is_not_offered_beside_the_name_that_books() -> None:
    offered = offered_sides(desk("Buy", "Sell", "CoverShort", seen=("BuyToCover",)))
    assert list(offered.items()) == [("Buy", "Buy"), ("Sell", "Sell"), ("Buy to cover", "CoverShort")]


def test_where_nobody_says_the_built_in_sides_are_offered() -> None:
    assert list(offered_sides(desk()).values()) == ["Buy", "Sell", "SellShort", "CoverShort"]
    assert list(offered_sides(desk(seen=("BUY", "SHORT_SELL"))).values())[:3] == ["BUY", "Sell", "SHORT_SELL"]


@pytest.mark.parametrize(
    ("typed", "side"),
    [
        ("b", "Buy"),
        ("SS", "SellShort"),
        ("short", "SellShort"),
        ("cover", "CoverShort"),
        ("btc", "CoverShort"),
        ("bc", "CoverShort"),
        ("purchase", "Purchase"),
        ("BuyToCover", None),
        ("x", None),
    ],
)
def test_short_words_stand_for_the_sides_of_the_tenant(typed: str, side: str | None) -> None:
    """R50: a name that is not listed is never put in the place of what was typed."""
    held = desk("Buy", "Sell", "SellShort", "CoverShort", "Purchase")
    assert side_typed(held, typed) == side


def test_a_short_word_takes_the_older_name_where_only_that_is_known() -> None:
    held = desk("Buy", "Sell", "ShortSell", "BuyToCover")
    assert (side_typed(held, "ss"), side_typed(held, "cover")) == ("ShortSell", "BuyToCover")


def test_the_direction_is_the_orders_own_else_its_types() -> None:
    held = desk(records_only := "Roll")
    assert side_direction(held, records_only) is None
    assert side_direction(held, records_only, own=-1) == -1
    assert side_direction(held, "Buy") == 1
    down = SnapshotBuilder(desk())
    down.put_records(Records(sides=(SideFacts("Buy", NINE, direction=-1),)), ())
    assert side_direction(down.freeze(), "Buy") == -1, "a tenant may mean something else by it"


def cautions(held: Snapshot, side: str, portfolio: str = "GROWTH") -> list[str]:
    orders = (BlockedOrderRequest(id=rid("ORD-1"), portfolio_id=rid(portfolio), state="New"),)
    request = BlockAndOrdersRequest(
        block_id=rid("BLK-1"),
        orders=orders,
        instrument_identifiers={"Instrument/default/Figi": "BBG000B9XRY4"},
        side=side,
        type="Market",
        time_in_force="Day",
    )
    return [each.text for each in unknown_names(CreateOrders((request,)), held) if each.kind == SIDE]


def test_a_side_that_would_not_book_is_warned_of() -> None:
    """R49: names are compared letter by letter."""
    held = desk("Buy", "Sell")
    assert cautions(held, "Buy") == []
    assert cautions(held, "buy") == ["buy would not book in GROWTH: no transaction type is called so"]
    assert cautions(desk(), "Anything") == [], "nobody knows"


def test_the_types_of_the_portfolios_own_scope_decide() -> None:
    id = rid("GROWTH")
    own = {id: PortfolioFacts(id, NINE, transaction_scope="Fund")}
    held = desk("Buy", portfolios=own)
    assert would_book(held, "Buy", id) is None, "the types of that scope are not known"
    builder = SnapshotBuilder(held)
    builder.put_records(Records(sides=(SideFacts("Kauf", NINE, scope="Fund"),), portfolios=own), ())
    assert would_book(builder.freeze(), "Buy", id) is False
    assert would_book(builder.freeze(), "Kauf", id) is True
