"""A server without an order graph: orders tell portfolios, allocations and transactions what is booked."""

from __future__ import annotations

import pytest

from tests.bench.simulated_tenant import SimulatedTenant
from tests.service.dealer import Dealer
from tests.service.sync.partial_server import PartialServer, at
from tests.service.sync.test_window import counts, desk_at, opened
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport
from tui.service.desk_profile import DeskProfile
from tui.service.snapshot.snapshot import EntityKind

OURS = ResourceId("Portfolios", "PF-003")


@pytest.mark.parametrize("status", [404, 403, 501, 500])
async def test_a_profile_names_portfolios_and_orders_tell_whose_a_block_is(status: int) -> None:
    tenant = SimulatedTenant(
        blocks=500, live=60, portfolios=40, loose=(("LOO-1", "PF-003"), ("LOO-2", "PF-9"))
    )
    desk, _ = await opened(tenant, DeskProfile(portfolios=(OURS,)))
    with_graph = counts(desk)
    tenant.refuses["ordergraph"] = status
    desk, watch = desk_at(tenant, DeskProfile(portfolios=(OURS,)))
    shown: set[ResourceId] = set()
    desk.subscribe(lambda update: shown.update(update.new.blocks))
    assert await desk.load()
    assert desk.snapshot.own_totals
    assert counts(desk) == with_graph
    assert shown == desk.snapshot.blocks.keys(), "nobody else's stood there for a moment either"
    assert "LOO-1" in {id.code for id in desk.snapshot.orders}
    assert "LOO-2" not in {id.code for id in desk.snapshot.orders}

    for number in range(tenant.first_live, tenant.blocks):
        tenant.change("blocks", number)
    tenant.fill(60)
    for _ in range(3):
        await watch.poll_desk(desk)
    assert desk.snapshot.blocks.keys() == shown, "others that change do not join"
    assert len(desk.snapshot.executions) == len(shown)
    await desk.reload()
    assert desk.snapshot.blocks.keys() == shown


async def test_blocks_of_others_are_not_read_again_and_again() -> None:
    for refused in ({}, {"ordergraph": 404}):
        tenant = SimulatedTenant(blocks=500, live=60, portfolios=40, refuses=dict(refused))
        desk, watch = await opened(tenant, DeskProfile(portfolios=(OURS,)))
        for _ in range(13):
            await watch.poll_desk(desk)
        tenant.clear()
        for _ in range(26):
            await watch.poll_desk(desk)
        assert tenant.calls["ordergraph/blocks by id"] + tenant.calls["blocks by id"] <= 2


async def test_what_is_booked_is_read_by_what_transactions_say() -> None:
    tenant = SimulatedTenant(blocks=500, live=60, booked=10, portfolios=6, others=2000)
    tenant.refuses["ordergraph"] = 404
    desk, _ = await opened(tenant)
    snapshot = desk.snapshot
    assert len(snapshot.transactions) == 30
    assert {snapshot.is_booked(id) for id in snapshot.allocations} == {True}
    booked = [row for row in snapshot.blocks.values() if row.booked.details]
    assert len(booked) == 10
    assert {row.booked.quantity for row in booked} == {300}
    assert {row.derived_state for row in booked} == {"Booked"}


async def test_what_is_booked_into_many_portfolios_is_not_known_until_it_is_read() -> None:
    tenant = SimulatedTenant(blocks=500, live=60, booked=30, portfolios=60)
    tenant.refuses["ordergraph"] = 404
    desk, _ = await opened(tenant)
    assert not desk.snapshot.knows_totals(EntityKind.TRANSACTIONS)
    while await desk.read_bookings():
        pass
    assert desk.snapshot.knows_totals(EntityKind.TRANSACTIONS)
    assert sum(row.booked.quantity for row in desk.snapshot.blocks.values()) == 30 * 300


async def test_what_a_colleague_books_is_seen_without_a_graph(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    await colleague.trade()
    line = PartialServer(server)
    line.forbid("ordergraph")
    dealer, watch = at(line)
    await dealer.desk.load()
    assert not dealer.desk.snapshot.transactions
    await colleague.book("PLC-1-ORD-1", "PLC-1-ORD-2")
    await watch.poll(dealer, 2)
    assert len(dealer.desk.snapshot.transactions) == 2
    (block,) = (row for row in dealer.desk.snapshot.blocks.values() if row.allocated.details)
    assert block.booked.quantity == 60
    await dealer.desk.client.close()
