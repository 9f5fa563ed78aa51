"""Positions in a preview: what is held, what is open, what it will be, and sales of what nobody holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import AAPL, LUID, allocation, block, order, placement, rid, snapshot_of, usd
from tui.api.requests import BlockAndOrdersRequest, BlockedOrderRequest, OrderUpdateRequest
from tui.service.environment import Environment, EnvironmentKind
from tui.service.positions import keys_of, open_of
from tui.service.snapshot.held_units import READING, HeldUnits, Holding, HoldingKey, NotKnown
from tui.service.snapshot.snapshot import EntityKind, Snapshot, Unread
from tui.service.verbs import CreateOrders, MoveOrders, Tier, UpdateOrders, Verb
from tui.service.writes.preview import Preview, preview

LOCAL = Environment("demo", EnvironmentKind.LOCAL)
GROWTH, INCOME = rid("GROWTH"), rid("INCOME")
D = Decimal


def held(units: str, settled: str | None = None, rows: int = 1, ordered: str | None = None) -> HeldUnits:
    return HeldUnits(D(units), D(settled or units), rows, None if ordered is None else D(ordered))


def desk(*orders: Any, **more: Any) -> Snapshot:
    """Return a desk with a block of these orders, which all are of Apple, and an order of Microsoft."""
    other = order("MSFT-1", lusid_instrument_id="LUID_MSFT", instrument_identifiers={"Ticker": "MSFT"})
    blocks = [block("BLK", *(each.id.code for each in orders))]
    return snapshot_of(blocks=blocks, orders=(*orders, other), home="Desk", **more)


def new(side: str, *sizes: tuple[str, str]) -> CreateOrders:
    """Return the creation of orders of Apple at 190: portfolio and size each."""
    return CreateOrders(
        (
            BlockAndOrdersRequest(
                block_id=rid("NEW"),
                orders=tuple(
                    BlockedOrderRequest(id=rid(f"NEW-{at}"), portfolio_id=rid(fund), quantity=D(size))
                    for at, (fund, size) in enumerate(sizes)
                ),
                instrument_identifiers=AAPL,
                side=side,
                type="Limit",
                limit_price=usd("190"),
            ),
        )
    )


def resize(code: str, to: str) -> UpdateOrders:
    return UpdateOrders((OrderUpdateRequest(id=rid(code), quantity=D(to)),))


def asked(verb: Verb, snapshot: Snapshot, holdings: Mapping[str, Holding]) -> Preview:
    """Return the preview where portfolios hold so much of Apple; those not named hold none."""

    def holding(key: HoldingKey) -> Holding:
        assert key[1] == LUID
        return holdings.get(key[0].code, HeldUnits())

    return preview(verb, snapshot, LOCAL, holding=holding)


def warned(preview: Preview) -> dict[str, str]:
    return {warning.kind: warning.text for warning in preview.soft}


BUYING = order("BUY-1", "38")
SOLD = order("SELL-1", "100", side="Sell")


def test_a_preview_says_what_is_held_what_is_open_and_what_it_will_be() -> None:
    seen = asked(new("Sell", ("GROWTH", "100")), desk(BUYING), {"GROWTH": held("1092", "1000")})
    assert seen.positions == ("GROWTH holds 1,092 AAPL (1,000 settled) · open +38 · will be 1,030",)
    assert seen.tier is Tier.T1


def test_several_rows_are_added_up_and_said_to_be_several() -> None:
    seen = asked(new("Buy", ("GROWTH", "8")), desk(), {"GROWTH": held("1092", rows=2)})
    assert seen.positions == ("GROWTH holds 1,092 AAPL (in 2 rows) · nothing open · will be 1,100",)


def test_what_is_not_held_is_bought_from_nothing() -> None:
    seen = asked(new("Buy", ("GROWTH", "8")), desk(), {})
    assert seen.positions == ("GROWTH holds no AAPL · nothing open · will be 8",)


def test_what_is_open_is_not_known_where_orders_cannot_be_read() -> None:
    unread = replace(desk(BUYING), unread={EntityKind.ORDERS: Unread("forbidden", permitted=False)})
    seen = asked(new("Sell", ("GROWTH", "100")), unread, {"GROWTH": held("1092")})
    assert "nothing open" not in seen.positions[0]
    assert "will be" not in seen.positions[0]


def test_a_desk_that_leaves_older_orders_out_says_since_when_it_counts_them() -> None:
    for rows, said in (((BUYING,), "open +38"), ((), "nothing open")):
        narrow = replace(desk(*rows), loose_since=datetime(2026, 10, 30, tzinfo=UTC))
        seen = asked(new("Buy", ("GROWTH", "8")), narrow, {"GROWTH": held("10")})
        assert f"· {said} (of orders since 30 Oct) ·" in seen.positions[0]


def test_a_server_that_counts_other_open_orders_is_quoted() -> None:
    seen = asked(new("Buy", ("GROWTH", "8")), desk(BUYING), {"GROWTH": held("10", ordered="29")})
    assert seen.positions == ("GROWTH holds 10 AAPL · open +38 · will be 56 · the server counts +29 open",)
    without_a_sign = {"GROWTH": held("500", ordered="100")}
    assert (
        "the server counts" not in asked(new("Buy", ("GROWTH", "8")), desk(SOLD), without_a_sign).positions[0]
    )


class TestSales:
    def test_what_nobody_holds_or_buys_is_typed(self) -> None:
        seen = asked(new("Sell", ("GROWTH", "1500")), desk(BUYING), {"GROWTH": held("1092")})
        assert seen.tier is Tier.T3
        assert warned(seen)["oversale"] == (
            "GROWTH would sell 1,500 AAPL and has 1,130 with what is open: 370 short."
        )
        assert seen.positions[0].endswith("will be -370, oversold")

    def test_all_that_is_held_and_bought_may_be_sold(self) -> None:
        seen = asked(new("Sell", ("GROWTH", "1130")), desk(BUYING), {"GROWTH": held("1092")})
        assert (seen.tier, warned(seen)) == (Tier.T1, {})

    def test_what_another_order_sells_already_is_not_there_to_sell(self) -> None:
        seen = asked(new("Sell", ("GROWTH", "1000")), desk(SOLD), {"GROWTH": held("1092")})
        assert "has 992 with what is open: 8 short" in warned(seen)["oversale"]

    def test_two_orders_of_one_preview_may_sell_too_much_together(self) -> None:
        twice = new("Sell", ("GROWTH", "600"), ("INCOME", "5"), ("GROWTH", "600"))
        seen = asked(twice, desk(), {"GROWTH": held("1092"), "INCOME": held("5")})
        assert warned(seen)["oversale"] == "GROWTH would sell 1,200 AAPL and has 1,092: 108 short."

    def test_the_worst_stands_first(self) -> None:
        many = new("Sell", ("A", "1"), ("B", "300"), ("C", "20"), ("D", "900"))
        seen = asked(many, desk(), {"A": held("1"), "B": held("100"), "C": held("10"), "D": NotKnown("why")})
        assert [line.split()[0].rstrip(":") for line in seen.positions] == ["B", "C", "D", "A"]
        oversale = next(warning for warning in seen.soft if warning.kind == "oversale")
        assert (oversale.count, oversale.typed) == (2, True)

    def test_a_short_sale_is_meant(self) -> None:
        seen = asked(new("SellShort", ("GROWTH", "100")), desk(), {})
        assert (seen.tier, warned(seen)) == (Tier.T1, {})
        assert seen.positions == ("GROWTH holds no AAPL · nothing open · will be -100",)

    @pytest.mark.parametrize("unknown", [NotKnown("this server does not tell"), READING])
    def test_what_is_not_known_is_said_and_never_taken_for_zero(self, unknown: NotKnown) -> None:
        seen = asked(new("Sell", ("GROWTH", "100")), desk(BUYING), {"GROWTH": unknown})
        assert seen.tier is Tier.T1
        assert unknown.why in warned(seen)["position not known"]
        assert "will be" not in seen.positions[0]
        bought = asked(new("Buy", ("GROWTH", "100")), desk(BUYING), {"GROWTH": unknown})
        assert warned(bought) == {}, "a buy needs no position"

    def test_an_instrument_new_to_the_desk_is_not_taken_for_one_that_nobody_holds(self) -> None:
        sale = new("Sell", ("GROWTH", "100"))
        unknown = {"Instrument/default/Isin": "US5949181045"}
        sale = CreateOrders((replace(sale.requests[0], instrument_identifiers=unknown),))
        seen = asked(sale, desk(), {})
        assert "oversale" not in warned(seen)
        assert "this desk does not know the instrument" in warned(seen)["position not known"]
        assert not keys_of(sale, desk())

    def test_how_many_are_not_checked_is_said(self) -> None:
        many = new("Sell", *((f"F-{number}", "1") for number in range(40)))
        seen = asked(many, desk(), {f"F-{number}": NotKnown("why") for number in range(40)})
        unchecked = next(each for each in seen.soft if each.kind == "position not known")
        assert unchecked.count == 40
        assert unchecked.text.startswith("Sales of 40 positions are not checked. Whether F-0 holds")

    def test_a_sale_in_money_is_counted_about(self) -> None:
        sale = new("Sell", ("GROWTH", "1"))
        order = sale.requests[0].orders[0]
        in_money = CreateOrders(
            (
                BlockAndOrdersRequest(
                    block_id=rid("NEW"),
                    orders=(BlockedOrderRequest(id=order.id, portfolio_id=GROWTH, amount=usd("19000")),),
                    instrument_identifiers=AAPL,
                    side="Sell",
                    type="Limit",
                    limit_price=usd("190"),
                ),
            )
        )
        seen = asked(in_money, desk(), {"GROWTH": held("60")})
        assert warned(seen)["oversale"] == "GROWTH would sell about 100 AAPL and has 60: about 40 short."


class TestUpdates:
    def test_raising_a_sale_counts_what_is_added(self) -> None:
        seen = asked(resize("SELL-1", "150"), desk(SOLD), {"GROWTH": held("120")})
        assert warned(seen)["oversale"] == (
            "GROWTH would sell 50 AAPL and has 20 with what is open: 30 short."
        )

    def test_lowering_a_sale_is_no_sale(self) -> None:
        seen = asked(resize("SELL-1", "90"), desk(SOLD), {"GROWTH": held("50")})
        assert "oversale" not in warned(seen)
        assert seen.positions == ("GROWTH holds 50 AAPL · open -100 · will be -40",)

    def test_an_order_that_goes_to_another_portfolio_leaves_the_first(self) -> None:
        moved = UpdateOrders((OrderUpdateRequest(id=rid("SELL-1"), portfolio_id=INCOME),))
        seen = asked(moved, desk(SOLD), {"GROWTH": held("100"), "INCOME": held("30")})
        assert seen.positions == (
            "INCOME holds 30 AAPL · nothing open · will be -70, oversold",
            "GROWTH holds 100 AAPL · open -100 · will be 100",
        )
        assert warned(seen)["oversale"] == "INCOME would sell 100 AAPL and has 30: 70 short."

    def test_moving_orders_to_another_block_changes_no_position(self) -> None:
        seen = asked(MoveOrders((SOLD.id,), rid("BLK-2")), desk(SOLD), {"GROWTH": held("50")})
        assert seen.positions == ("GROWTH holds 50 AAPL · open -100 · will be -50",)
        assert "oversale" not in warned(seen)


class TestCovers:
    def test_without_a_short_position_there_is_nothing_to_cover(self) -> None:
        seen = asked(new("BuyToCover", ("GROWTH", "100")), desk(), {"GROWTH": held("20")})
        assert warned(seen)["nothing to cover"] == (
            "GROWTH is not short of AAPL: it has 20, so there is nothing to cover."
        )
        assert seen.tier is Tier.T1

    def test_more_than_is_short_is_said(self) -> None:
        short = {"GROWTH": held("-60")}
        assert warned(asked(new("BuyToCover", ("GROWTH", "60")), desk(), short)) == {}
        seen = asked(new("BuyToCover", ("GROWTH", "100")), desk(), short)
        assert warned(seen)["nothing to cover"] == "GROWTH is 60 AAPL short: to cover 100 is more."


class TestOpen:
    """What of an order will still change the holdings."""

    def test_what_is_booked_is_held_already(self) -> None:
        rows = desk(
            order("ORD", "100"),
            placements=[placement("PLC", "BLK")],
            allocations=[
                allocation("ALC-1", order="ORD", placement="PLC", quantity="30", state="Booked"),
                allocation("ALC-2", order="ORD", placement="PLC", quantity="20"),
            ],
        )
        assert open_of(rows, rows.orders[rid("ORD")]) == 70

    def test_of_a_cancelled_order_what_was_allocated_is_open(self) -> None:
        rows = desk(
            order("ORD", "100", state="Cancelled"),
            placements=[placement("PLC", "BLK")],
            allocations=[allocation("ALC-1", order="ORD", placement="PLC", quantity="30")],
        )
        assert open_of(rows, rows.orders[rid("ORD")]) == 30

    def test_of_a_booked_order_nothing_is(self) -> None:
        rows = desk(order("ORD", "100", state="Booked"))
        assert open_of(rows, rows.orders[rid("ORD")]) == 0

    def test_a_side_nobody_knows_leaves_it_unknown(self) -> None:
        rows = desk(order("ORD", "100", side="Redeem"))
        assert open_of(rows, rows.orders[rid("ORD")]) is None
        seen = asked(new("Sell", ("GROWTH", "1")), rows, {"GROWTH": held("50")})
        assert seen.positions == ("GROWTH holds 50 AAPL · open not known",)
        assert "the size of an order is not known" in warned(seen)["position not known"]


def test_portfolios_that_sell_most_are_asked_first() -> None:
    both = CreateOrders(
        (
            *new("Buy", ("A", "900")).requests,
            *new("Sell", ("B", "10"), ("C", "20"), ("B", "5")).requests,
        )
    )
    assert [portfolio.code for portfolio, _ in keys_of(both, desk(BUYING))] == ["C", "B", "A"]
