"""A page or a kind of rows that cannot be read leaves the rest read, and what hangs on it is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.service.dealer import Dealer, placing, rid
from tests.service.sync.partial_server import PartialServer, Watch, at
from tui.api.http import AsyncBaseTransport
from tui.service.environment import State
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import Allocate, PlaceBlocks

NO_FILLS = "You are not entitled to executions."


@pytest.fixture
async def other(server: AsyncBaseTransport, colleague: Dealer) -> PartialServer:
    """A server on which 60 of a block of 150 are filled, allocated and booked; two blocks wait."""
    await colleague.trade()
    await colleague.book("PLC-1-ORD-1", "PLC-1-ORD-2")
    return PartialServer(server)


async def loaded(other: PartialServer) -> tuple[Dealer, Watch]:
    dealer, watch = at(other)
    assert await dealer.desk.load()
    return dealer, watch


async def test_without_leave_to_read_fills_all_else_is_read_and_they_are_unknown(
    other: PartialServer,
) -> None:
    other.forbid("executions", NO_FILLS)
    dealer, watch = await loaded(other)
    await watch.minute(dealer)
    snapshot = dealer.desk.snapshot
    assert dealer.desk.health.state is State.LIVE
    assert [(str(kind), str(why)) for kind, why in snapshot.unread.items()] == [
        ("executions", f"not permitted: {NO_FILLS}")
    ]
    assert snapshot.complete
    assert len(snapshot.allocations) == 2
    assert len(snapshot.transactions) == 2
    assert snapshot.executed_of_placement(rid("PLC-1")) is None
    assert snapshot.average_price_of_placement(rid("PLC-1")) is None
    assert snapshot.allocated_of_order(rid("ORD-1")) == 40
    assert snapshot.blocks[rid("BLK-1")].executed.quantity == 60, "the server's own total"
    assert snapshot.knows_totals(EntityKind.EXECUTIONS)
    shown = dealer.desk.preview(Allocate((rid("PLC-1"),)))
    assert any(NO_FILLS in warning.text for warning in shown.soft)
    assert not any("0 executed" in said for said in shown.effects)
    await dealer.desk.client.close()


async def test_what_is_placed_is_confirmed_by_count_where_nobody_knows_it(other: PartialServer) -> None:
    other.forbid("placements", "Placements are not yours.")
    dealer, _ = await loaded(other)
    order = PlaceBlocks((placing("PLC-2", "BLK-2", 10),))
    known = dealer.desk.preview(order)
    assert [said.typed for said in known.soft if said.kind == "not all read"] == [False]
    other.forbid("ordergraph")
    await dealer.desk.reload()
    unknown = dealer.desk.preview(order)
    assert [said.typed for said in unknown.soft if said.kind == "not all read"] == [True]
    assert "Placements are not yours." in unknown.soft[-1].text + unknown.soft[0].text
    await dealer.desk.client.close()


async def test_without_an_order_graph_either_the_blocks_totals_are_unknown(other: PartialServer) -> None:
    other.forbid("executions")
    other.forbid("ordergraph")
    dealer, _ = await loaded(other)
    snapshot = dealer.desk.snapshot
    assert snapshot.own_totals
    assert snapshot.blocks[rid("BLK-1")].placed.quantity == 100
    assert snapshot.knows_totals(EntityKind.PLACEMENTS)
    assert not snapshot.knows_totals(EntityKind.EXECUTIONS)
    await dealer.desk.client.close()


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(500, json={"name": "Unknown", "code": -1, "detail": "Out of memory."}),
        httpx.Response(200, text="<html>Please sign on to the proxy</html>"),
    ],
    ids=["fails", "rubbish"],
)
async def test_a_broken_page_in_the_middle_leaves_the_pages_before_and_all_other_kinds(
    other: PartialServer, broken: httpx.Response
) -> None:
    other.page_size = 1
    pages = 0

    def third(request: httpx.Request) -> httpx.Response | None:
        nonlocal pages
        listing = request.url.path.endswith("orders") and "state" in request.url.params.get("filter", "")
        pages += listing and "page" in request.url.params
        return broken if listing and "page" in request.url.params and pages > 1 else None

    other.answer_with("/orders", third)
    dealer, watch = await loaded(other)
    snapshot = dealer.desk.snapshot
    assert len(snapshot.orders) == 2
    assert (len(snapshot.blocks), len(snapshot.placements), len(snapshot.executions)) == (3, 1, 1)
    assert str(snapshot.unread[EntityKind.ORDERS]).startswith("could not be read: ")
    assert dealer.desk.health.state is State.LIVE

    other.answers.clear()
    await watch.minute(dealer)
    assert len(dealer.desk.snapshot.orders) == 4
    assert dealer.desk.snapshot.unread == {}
    await dealer.desk.client.close()


async def test_an_order_graph_that_breaks_is_computed_here_until_it_works_again(other: PartialServer) -> None:
    other.answer_with("ordergraph", lambda _: httpx.Response(500, json={"name": "Unknown", "code": -1}))
    dealer, watch = await loaded(other)
    assert dealer.desk.snapshot.own_totals
    assert dealer.desk.snapshot.blocks[rid("BLK-1")].executed.quantity == 60
    other.answers.clear()
    await watch.minute(dealer)
    assert not dealer.desk.snapshot.own_totals
    await dealer.desk.client.close()


async def test_a_portfolio_that_is_not_permitted_leaves_what_is_booked_unknown(other: PartialServer) -> None:
    other.forbid("transactionportfolios/Desk/GROWTH", "GROWTH is not yours.")
    dealer, watch = await loaded(other)
    snapshot = dealer.desk.snapshot
    assert str(snapshot.unread[EntityKind.TRANSACTIONS]) == "not permitted: Desk/GROWTH: GROWTH is not yours."
    assert snapshot.is_booked(rid("PLC-1-ORD-1")) is None
    assert snapshot.is_booked(rid("PLC-1-ORD-2")) is True
    other.answers.clear()
    await watch.minute(dealer)
    assert dealer.desk.snapshot.is_booked(rid("PLC-1-ORD-1")) is True
    assert dealer.desk.snapshot.unread == {}
    await dealer.desk.client.close()


async def test_leave_that_is_withdrawn_keeps_the_old_rows_and_says_so(other: PartialServer) -> None:
    dealer, watch = await loaded(other)
    assert dealer.desk.snapshot.executed_of_placement(rid("PLC-1")) == 60
    other.forbid("executions", NO_FILLS)
    await watch.poll(dealer, 3)
    assert dealer.desk.snapshot.executions.keys() == {rid("EXE-1")}
    assert dealer.desk.snapshot.executed_of_placement(rid("PLC-1")) is None
    assert dealer.desk.health.state is State.LIVE
    dealer.line.seen.clear()
    await watch.poll(dealer, 3)
    asked = [request for request in dealer.line.seen if "executions" in request.url.path]
    assert len(asked) <= 1, "not with every poll"
    await dealer.desk.client.close()


async def test_a_server_that_permits_nothing_is_a_failed_read(other: PartialServer) -> None:
    other.forbid("/", "Nothing here is yours.")
    dealer, _ = at(other)
    assert not await dealer.desk.load()
    assert dealer.desk.health.state is State.OFFLINE
    assert dealer.desk.health.message == "Nothing here is yours."
    assert dealer.desk.snapshot.unread == {}
    await dealer.desk.client.close()


async def test_rows_that_become_unreadable_stay_as_they_were_and_are_told(other: PartialServer) -> None:
    dealer, watch = await loaded(other)
    before = dealer.desk.snapshot.orders

    def spoilt(request: httpx.Request, rows: list[Any]) -> list[Any]:
        return [{**row, "quantity": "plenty"} if "portfolioId" in row else row for row in rows]

    other.edit = spoilt
    assert await dealer.desk.reload()
    snapshot = dealer.desk.snapshot
    assert snapshot.orders == before
    assert len(snapshot.bad) == 4 + 2, "orders and allocations"
    assert str(snapshot.unread[EntityKind.ORDERS]).startswith("could not be read: 4 rows: ")

    other.edit = None
    await watch.minute(dealer)
    assert await dealer.desk.reload()
    assert (dealer.desk.snapshot.bad, dealer.desk.snapshot.unread) == ((), {})
    assert dealer.desk.snapshot.orders[rid("ORD-1")].quantity == Decimal(100)
    await dealer.desk.client.close()
