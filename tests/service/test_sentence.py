"""One full sentence: whatever is written, the same words say what it is, and nothing of it is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.dealer import fill, moving_on, new_orders, orders_of, placing
from tests.service.sample_rows import (
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    usd,
)
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.requests import (
    OrderUpdateRequest,
    PlacementUpdateRequest,
    PortfolioWeight,
)
from tui.service.row_phrases import phrase_of
from tui.service.sentence import wording
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs import (
    Allocate,
    AllocateWeighted,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    SweepBlocks,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)

APPLE = "AAPL (Apple)"


@pytest.fixture
def desk() -> Snapshot:
    """Two blocks of Apple, the first placed and partly filled; one order for a fund in another scope."""
    return snapshot_of(
        home="Desk",
        blocks=[
            block("BLK-1", "ORD-1", "ORD-2", properties=label("Block/Desk/InstrumentName", "Apple")),
            block("BLK-2", "ORD-3", limit_price=None, type="Market"),
        ],
        orders=[
            order("ORD-1", "100"),
            order("ORD-2", "132", "INCOME"),
            replace(
                order("ORD-3", "30", limit_price=None, type="Market"),
                portfolio_id=ResourceId("FundA", "GROWTH_A"),
            ),
        ],
        placements=[
            placement("PLC-1", "BLK-1", quantity="200", counterparty="ALBN", execution_system="SIM-EMS")
        ],
        executions=[execution("EXE-1", "PLC-1", "60", "189.5", counterparty="ALBN")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="60")],
    )


def asked(verb: Verb, desk: Snapshot) -> str:
    return wording(verb, desk).asked


ORD_1 = f"buy 100 {APPLE} limit 190 USD, day, for GROWTH"
PLC_1 = f"buy 200 {APPLE} limit 190 USD, day, with ALBN through SIM-EMS"


@pytest.mark.parametrize(
    ("verb", "sentence"),
    [
        (new_orders("BLK_9", ORD_9=30_000), f"Buy 30,000 {APPLE} limit 190 USD, day, for GROWTH · ORD-9"),
        (new_orders("BLK_1", ORD_9=7), f"Buy 7 {APPLE} limit 190 USD, day, for GROWTH · ORD-9 in BLK-1"),
        (
            PlaceBlocks((placing("PLC-9", "BLK-2", 10),)),
            f"Place block: buy 10 {APPLE} limit 190 USD, day, with ALBN · PLC-9 of BLK-2",
        ),
        (
            UpdateOrders(
                (
                    OrderUpdateRequest(
                        id=rid("ORD-1"), quantity=Decimal(50), portfolio_id=ResourceId("FundA", "GROWTH_A")
                    ),
                )
            ),
            f"Update order: {ORD_1}: quantity 100 → 50, portfolio GROWTH → FundA/GROWTH_A · ORD-1",
        ),
        (
            UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), counterparty="MERI"),)),
            f"Update placement: {PLC_1}: broker ALBN → MERI · PLC-1",
        ),
        (CancelOrders((rid("ORD-1"),)), f"Cancel order: {ORD_1} · ORD-1"),
        (CancelPlacements((rid("PLC-1"),)), f"Cancel placement: {PLC_1} · PLC-1"),
        (
            moving_on("ORD-1", "BLK-9"),
            f"Cancel order and move the rest: {ORD_1}: "
            "what is not placed moves to a new order in new block BLK-9 · ORD-1",
        ),
        (
            MoveOrders((rid("ORD-3"),), rid("BLK-1")),
            f"Move order: buy 30 {APPLE} at market, day, for FundA/GROWTH_A: from BLK-2 to BLK-1 · ORD-3",
        ),
        (
            Allocate((rid("PLC-1"),), "PR-FIFO"),
            f"Allocate placement: {PLC_1}: 60 filled, to the orders of its block by PR-FIFO · PLC-1",
        ),
        (
            AllocateWeighted(
                (rid("PLC-1"),), (PortfolioWeight(portfolio_id=rid("GROWTH"), weight=Decimal(3)),), "PR-LF"
            ),
            f"Allocate placement: {PLC_1}: 60 filled, by weight to GROWTH 3 by PR-LF · PLC-1",
        ),
        (
            BookTransactions((rid("ALL-1"),), apply_fees=False),
            f"Book allocation: buy 60 {APPLE} at 189.5 USD, for GROWTH: without fees · ALL-1",
        ),
        (
            RecordFills(
                (replace(fill("EXE-9", "PLC-1", 5), settlement_date=datetime(2026, 11, 24, tzinfo=UTC)),)
            ),
            f"Record fill: buy 5 {APPLE} at 189.5 USD, with ALBN: settles 24 Nov 2026 · EXE-9 of PLC-1",
        ),
        (
            RecordFills((fill("EXE-1", "PLC-1", 55, "189"),)),
            f"Correct fill: buy 60 {APPLE} at 189.5 USD, with ALBN: "
            "quantity 60 → 55, price 189.5 USD → 189 USD · EXE-1 of PLC-1",
        ),
        (SweepBlocks((rid("BLK-2"),), "x"), f"Sweep block: buy 30 {APPLE} at market, day · BLK-2"),
    ],
    ids=lambda each: each.name if isinstance(each, Verb) else "",
)
def test_each_verb_says_all_of_its_one_item(verb: Verb, sentence: str, desk: Snapshot) -> None:
    assert asked(verb, desk) == sentence


def ticket(type: str | None = "Market", **terms: Any) -> CreateOrders:
    (request,) = new_orders("BLK_9", ORD_9=100).requests
    given: dict[str, Any] = {"limit_price": None, "type": type, **terms}
    return CreateOrders((replace(request, **given),))


TERMS = {
    "at market, day": ticket(),
    "limit 190 USD, day": ticket("Limit", limit_price=usd("190")),
    "stop 180 USD, day": ticket("Stop", stop_price=usd("180")),
    "stop 180 USD limit 190 USD, day": ticket("StopLimit", limit_price=usd("190"), stop_price=usd("180")),
    "at market (limit 190 USD), day": ticket(limit_price=usd("190")),
    "limit without a price, day": ticket("Limit"),
    "pegged limit 190 USD, day": ticket("Pegged", limit_price=usd("190")),
    "of no type, day": ticket(None),
    "at market, good till cancelled": ticket(time_in_force="GoodTilCancel"),
    "at market, fill or kill": ticket(time_in_force="FillOrKill"),
    "at market, no time in force": ticket(time_in_force=None),
}


@pytest.mark.parametrize("terms", TERMS)
def test_type_prices_and_time_are_always_said(terms: str, desk: Snapshot) -> None:
    assert asked(TERMS[terms], desk) == f"Buy 100 {APPLE} {terms}, for GROWTH · ORD-9"


def test_two_tickets_that_differ_in_anything_differ_in_their_sentence(desk: Snapshot) -> None:
    sentences = [asked(ticket, desk) for ticket in TERMS.values()]
    assert all(one != other for one, other in combinations(sentences, 2))


def test_an_order_till_a_date_says_the_date(desk: Snapshot) -> None:
    (request,) = ticket(time_in_force="GoodTilDate").requests
    till = replace(request.orders[0], properties=label("Order/Desk/GoodTilDate", "2026-11-30"))
    assert "at market, good till 30 Nov 2026, for" in asked(
        CreateOrders((replace(request, orders=(till,)),)), desk
    )


def test_a_size_in_money_or_by_weight_is_said_as_such() -> None:
    money = CurrencyAndAmount(amount=Decimal(50_000), currency="USD")
    rows = snapshot_of(
        orders=[
            replace(order("ORD-1"), quantity=None, amount=money),
            replace(order("ORD-2"), quantity=None, weight=Decimal("0.05")),
        ]
    )
    assert asked(CancelOrders((rid("ORD-1"),)), rows).startswith("Cancel order: buy 50,000 USD of AAPL limit")
    assert asked(CancelOrders((rid("ORD-2"),)), rows).startswith("Cancel order: buy 5 % of the portfolio in")
    held = snapshot_of(placements=[replace(placement("PLC-1", "BLK-1"), quantity=None, amount=money)])
    assert asked(CancelPlacements((rid("PLC-1"),)), held).startswith(
        "Cancel placement: buy 50,000 USD of BBG000B9XRY4"
    )


def test_what_a_row_has_not_is_said_too() -> None:
    rows = snapshot_of(
        orders=[replace(order("ORD-1"), portfolio_id=None)],
        placements=[placement("PLC-1", "BLK-1", counterparty=None)],
    )
    assert ", for no portfolio · ORD-1" in asked(CancelOrders((rid("ORD-1"),)), rows)
    assert ", with no broker · PLC-1" in asked(CancelPlacements((rid("PLC-1"),)), rows)
    assert asked(CancelOrders((rid("ORD-404"),)), rows) == "Cancel order: order not on this desk · ORD-404"


def test_several_items_of_one_trade_are_one_sentence_with_the_whole_size(desk: Snapshot) -> None:
    said = wording(orders_of("BLK_9", {"ORD_8": 60_000, "ORD_9": 40_000}), desk)
    assert said.asked == (f"Create 2 orders: buy 100,000 {APPLE} limit 190 USD, day, for GROWTH and INCOME")
    assert said.done == (f"Created 2 orders: buy 100,000 {APPLE} limit 190 USD, day, for GROWTH and INCOME")
    assert list(said.items.values()) == [
        f"Buy 60,000 {APPLE} limit 190 USD, day, for GROWTH · ORD-8",
        f"Buy 40,000 {APPLE} limit 190 USD, day, for INCOME · ORD-9",
    ]


def test_several_trades_are_counted_and_named_with_whom_they_share(desk: Snapshot) -> None:
    other = replace(placing("PLC-8", "BLK-2", 10), limit_price=usd("191"))
    assert asked(PlaceBlocks((placing("PLC-9", "BLK-1", 10), other)), desk) == "Place 2 blocks with ALBN"
    elsewhere = replace(other, counterparty="MERI")
    assert asked(PlaceBlocks((placing("PLC-9", "BLK-1", 10), elsewhere)), desk) == "Place 2 blocks"


def test_a_row_of_the_desk_is_said_in_the_same_words(desk: Snapshot) -> None:
    assert phrase_of(desk, Ref(EntityKind.ORDERS, rid("ORD-1"))) == f"B{ORD_1[1:]} · ORD-1"
    assert phrase_of(desk, Ref(EntityKind.ORDERS, rid("ORD-404"))) == ""


def test_an_average_price_is_short() -> None:
    endless = CurrencyAndAmount(amount=Decimal(3865) / 9, currency="USD")
    rows = snapshot_of(allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1", price=endless)])
    assert " at 429.444444 USD, " in asked(BookTransactions((rid("ALL-1"),)), rows)


def test_an_instrument_the_desk_does_not_know_is_named_by_its_identifier() -> None:
    (request,) = ticket().requests
    unknown = replace(request, instrument_identifiers={"Instrument/default/Ticker": "VODD"})
    assert asked(CreateOrders((unknown,)), snapshot_of()).startswith("Buy 100 VODD at market")


def test_where_several_orders_go_is_said_once_and_in_short(desk: Snapshot) -> None:
    alike = (rid("ORD-1"), rid("ORD-1"))
    new = rid("BLK-01KB6Z3V8M0000000000000417")
    assert asked(MoveOrders(alike, new), desk) == (
        f"Move 2 orders: buy 200 {APPLE} limit 190 USD, day, for GROWTH: "
        "from BLK-1 to new block BLK-01KB6…00000417"
    )
    assert asked(MoveOrders((rid("ORD-1"), rid("ORD-3")), new), desk) == (
        "Move 2 orders to new block BLK-01KB6…00000417"
    )
