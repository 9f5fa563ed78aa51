"""A dealer acts: each verb against the real server, what is reported, and what the desk shows then."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from tests.decimals import decimals
from tests.service.dealer import FIGI, OPENING, Dealer, moving_on, new_orders, placing, rid, usd
from tui.api.http import AsyncBaseTransport
from tui.api.requests import (
    BlockRequest,
    OrderUpdateRequest,
    PlacementUpdateRequest,
    PortfolioWeight,
)
from tui.service.outcomes import Status
from tui.service.snapshot.block_totals import with_totals
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    AllocateWeighted,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    PlaceBlocks,
    SweepBlocks,
    UpdateOrders,
    UpdatePlacements,
)


async def test_the_worked_scenario_from_new_orders_to_transactions(dealer: Dealer) -> None:
    desk = dealer.desk
    await dealer.create("BLK_1", ORD_1=100, ORD_2=55, ORD_3=47)
    await dealer.create("BLK_2", ORD_4=30, ORD_5=20)
    assert desk.snapshot.blocks[rid("BLK-1")].ordered.quantity == 202

    moved = await desk.act(MoveOrders((rid("ORD-4"),), rid("BLK-1")))
    assert moved.sentence().startswith("Moved: buy 30 ")
    assert moved.sentence().endswith(", for GROWTH: from BLK-2 to BLK-1 · ORD-4.")
    assert desk.snapshot.block_of_order(rid("ORD-4")) == rid("BLK-1")
    assert desk.snapshot.blocks[rid("BLK-2")].ordered.quantity == 20

    updated = await desk.act(
        UpdateOrders(
            (
                OrderUpdateRequest(id=rid("ORD-2"), quantity=Decimal(50)),
                OrderUpdateRequest(id=rid("ORD-404"), quantity=Decimal(10)),
            )
        )
    )
    assert [each.status for each in updated.outcomes] == [Status.DONE, Status.REFUSED]
    assert updated.outcomes[0].entity.quantity == 50
    assert updated.refused[0].type == "OrderNotFound"
    assert desk.snapshot.blocks[rid("BLK-1")].ordered.quantity == 227

    await desk.act(PlaceBlocks((placing("PLC-1", "BLK-1", 227), placing("PLC-2", "BLK-2", 20))))
    await desk.act(
        UpdatePlacements(
            (PlacementUpdateRequest(id=rid("PLC-2"), quantity=Decimal(15), counterparty="KEYS"),)
        )
    )
    assert desk.snapshot.placements[rid("PLC-2")].counterparty == "KEYS"
    cancelled = await desk.act(CancelPlacements((rid("PLC-2"), rid("PLC-404"))))
    assert [each.status for each in cancelled.outcomes] == [Status.DONE, Status.REFUSED]
    assert desk.snapshot.placements[rid("PLC-2")].state == "Cancelled"

    orders = await desk.act(CancelOrders((rid("ORD-5"), rid("ORD-1"))))
    assert orders.done[0].ref == Ref(EntityKind.ORDERS, rid("ORD-5"))
    assert orders.refused[0].type == "OrderAlreadyPlaced"
    assert "cancel and move" in orders.refused[0].advice

    await dealer.fill("EXE_1", "PLC_1", 100, "189.5")
    await dealer.fill("EXE_2", "PLC_1", 60, "189.8")
    assert desk.snapshot.executed_of_placement(rid("PLC-1")) == 160
    assert desk.snapshot.average_price_of_placement(rid("PLC-1")) == Decimal("189.6125")

    allocated = await dealer.allocate("PLC-1", "PLC-404")
    assert [each.status for each in allocated.outcomes] == [Status.DONE, Status.REFUSED]
    shares = {id.code: desk.snapshot.allocated_of_order(id) for id in desk.snapshot.orders}
    assert shares == {"ORD-1": 71, "ORD-2": 36, "ORD-3": 32, "ORD-4": 21, "ORD-5": 0}

    booked = await dealer.book(*(id.code for id in desk.snapshot.allocations))
    assert len(booked.done) == 4
    assert booked.done[0].entity.units == 71
    assert booked.done[0].note == "transaction Desk-PLC-1-ORD-1, 13,462.49 USD"
    assert len(desk.snapshot.transactions) == 4
    row = desk.snapshot.blocks[rid("BLK-1")]
    assert (row.placed.quantity, row.executed.quantity, row.booked.quantity) == decimals(227, 160, 160)

    swept = await desk.act(SweepBlocks((rid("BLK-2"), rid("BLK-1")), "2100-01-01T00:00:00Z"))
    assert [each.status for each in swept.outcomes] == [Status.DONE, Status.REFUSED]
    assert desk.snapshot.blocks[rid("BLK-2")].block.is_swept


async def test_the_totals_added_up_here_are_the_servers(dealer: Dealer) -> None:
    """The fallback for servers without an order graph agrees with the order graph."""
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await dealer.place("PLC-1", "BLK-1", 120)
    await dealer.fill("EXE-1", "PLC-1", 90)
    await dealer.allocate("PLC-1")
    held = dealer.desk.snapshot.blocks[rid("BLK-1")]
    ours = with_totals(held.block, dealer.desk.snapshot)
    for stage in ("ordered", "placed", "executed", "allocated", "booked"):
        assert getattr(ours, stage).quantity == getattr(held, stage).quantity, stage
    assert ours.derived_state == held.derived_state


async def test_the_unplaced_rest_moves_on(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 40)
    report = await dealer.desk.act(moving_on("ORD-1", "BLK-9"))
    assert report.sentence().startswith("Cancelled and moved: buy 100 ")
    assert report.done[0].note == "60 moved to order ORD-1R in block BLK-9"
    snapshot = dealer.desk.snapshot
    assert snapshot.orders[rid("ORD-1R")].quantity == 60
    assert snapshot.block_of_order(rid("ORD-1R")) == rid("BLK-9")
    assert snapshot.orders[rid("ORD-1")].state == "Cancelled"


async def test_an_order_placed_in_full_leaves_nothing_to_move(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    report = await dealer.desk.act(moving_on("ORD-1", "BLK-9"))
    assert [each.note for each in report.done] == ["nothing was left to move"]


async def test_the_children_cancelled_with_a_placement_are_named(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    child = replace(placing("PLC-1-A", "BLK-1", 40), parent_placement_id=rid("PLC-1"))
    await dealer.desk.act(PlaceBlocks((placing("PLC-1", "BLK-1", 60), placing("PLC-2", "BLK-1", 40))))
    await dealer.desk.act(PlaceBlocks((child,)))
    report = await dealer.desk.act(CancelPlacements((rid("PLC-1"), rid("PLC-2"))))
    assert [each.note for each in report.done] == ["cancelled with it: PLC-1-A", ""]
    assert dealer.desk.snapshot.placements[rid("PLC-1-A")].state == "Cancelled"


async def test_an_unsolicited_block_is_allocated_by_weight(dealer: Dealer) -> None:
    await dealer.desk.client.blocks.upsert(
        [
            BlockRequest(
                id=rid("BLK-9"),
                order_ids=(),
                instrument_identifiers=FIGI,
                quantity=Decimal(100),
                side="Buy",
                type="Limit",
                time_in_force="Day",
                created_date=OPENING,
                limit_price=usd("190"),
            )
        ]
    )
    await dealer.desk.refresh()
    await dealer.place("PLC-9", "BLK-9", 100)
    await dealer.fill("EXE-9", "PLC-9", 100)
    weights = tuple(
        PortfolioWeight(portfolio_id=rid(name), weight=Decimal(weight))
        for name, weight in (("GROWTH", 3), ("INCOME", 2), ("BALANCED", 2))
    )
    report = await dealer.desk.act(AllocateWeighted((rid("PLC-9"),), weights))
    assert report.done
    shares = dealer.desk.snapshot.allocations.values()
    assert sorted(share.quantity for share in shares) == [28, 29, 43]
    assert len(dealer.desk.snapshot.allocations_of_placement(rid("PLC-9"))) == 3


async def test_an_atomic_call_is_refused_as_a_whole(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    report = await dealer.create("BLK_2", ORD_1=5, ORD_2=6)
    assert len(report.refused) == 2
    assert len({each.reason for each in report.refused}) == 1
    assert rid("ORD-2") not in dealer.desk.snapshot.orders
    assert report.sentence().startswith("Not created: buy 5 ")


async def test_more_than_a_call_takes_is_sent_in_several(dealer: Dealer) -> None:
    await dealer.create("BLK_1", **{f"ORD_{number}": 1 for number in range(120)})
    dealer.line.seen.clear()
    ids = tuple(rid(f"ORD-{number}") for number in range(120))
    report = await dealer.desk.act(CancelOrders((*ids, rid("ORD-404"))))
    assert dealer.line.sent("cancelorders") == 2
    assert len(report.done) == 120
    assert [each.ref.id.code for each in report.refused] == ["ORD-404"]
    keys = [r.headers["idempotency-key"] for r in dealer.line.seen if "cancelorders" in r.url.path]
    assert len(set(keys)) == 2


async def test_rows_show_the_intent_while_the_write_is_in_flight(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    shown: list[dict[str, str]] = []

    async def look(request: object) -> None:
        shown.append({str(ref): mark for ref, mark in dealer.desk.in_flight.items()})

    dealer.line.before = look
    heard: list[tuple[str, ...]] = []
    dealer.desk.subscribe(lambda update: heard.append(tuple(dealer.desk.in_flight.values())))
    await dealer.desk.act(CancelOrders((rid("ORD-1"),)))
    assert shown[0] == {"order ORD-1": "6?"}
    assert dealer.desk.in_flight == {}
    assert heard[0] == ("6?",), "listeners hear of the mark"
    assert heard[-1] == (), "and of its end"
    assert dealer.updates[-1].report is not None


async def test_a_row_with_a_write_in_flight_takes_no_other(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    second = []

    async def try_again(request: object) -> None:
        dealer.line.before = None
        second.append(await dealer.place("PLC-2", "BLK-1", 100))

    dealer.line.before = try_again
    first = await dealer.place("PLC-1", "BLK-1", 100)
    assert first.done
    assert second[0].refused[0].type == "InFlight"
    assert dealer.line.sent("placeblocks") == 1


async def test_a_read_only_desk_sends_nothing(server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server, read_only=True)
    await dealer.desk.load()
    report = await dealer.desk.act(new_orders("BLK_1", ORD_1=100))
    assert "read-only" in report.refused[0].reason
    assert dealer.line.sent("") == 0
    await dealer.desk.client.close()
