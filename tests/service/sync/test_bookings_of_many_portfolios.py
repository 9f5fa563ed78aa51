"""What is booked into many portfolios is read after the desk is there, and is not known until then."""

from __future__ import annotations

from tests.bench.simulated_tenant import SimulatedTenant
from tests.service.sync.test_window import desk_at, opened
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import BookTransactions


def never_swept(longest_filter: int = 16_384) -> SimulatedTenant:
    """Return a tenant that never sweeps, with a month of booked blocks in 100 portfolios."""
    return SimulatedTenant(blocks=3000, sweeps=False, longest_filter=longest_filter)


async def test_the_desk_is_there_before_what_is_booked_into_a_hundred_portfolios() -> None:
    tenant = never_swept()
    desk, watch = await opened(tenant)
    snapshot = desk.snapshot
    assert snapshot.complete
    assert tenant.requests <= 30
    assert len(snapshot.bookings_due) == 100
    assert not snapshot.transactions
    booked = [row for row in snapshot.blocks.values() if row.booked.details]
    assert len(booked) > 60
    assert all(row.booked.quantity == 300 for row in booked), "blocks say themselves what is booked"
    assert {snapshot.is_booked(id) for id in snapshot.allocations} == {None}, "never 'not booked'"

    tenant.clear()
    while await desk.read_bookings():
        pass
    snapshot = desk.snapshot
    assert tenant.calls == {"transactionportfolios/Portfolios": 100}
    assert not snapshot.bookings_due
    assert len(snapshot.transactions) == 3 * len(booked)
    assert {snapshot.is_booked(id) for id in snapshot.allocations} == {True}
    assert not await desk.read_bookings()
    await watch.poll_desk(desk)
    assert not desk.snapshot.unread


async def test_what_is_booked_of_the_rows_in_sight_is_read_first() -> None:
    desk, _ = await opened(never_swept())
    seen = [id for id, row in desk.snapshot.blocks.items() if row.booked.details][:2]
    await desk.read_bookings([Ref(EntityKind.BLOCKS, id) for id in seen])
    snapshot = desk.snapshot
    for id in seen:
        for detail in snapshot.blocks[id].allocated.details:
            assert snapshot.is_booked(detail.id) is True
    assert snapshot.bookings_due, "others wait"


async def test_what_may_be_booked_already_is_read_before_it_is_booked_again() -> None:
    tenant = never_swept()
    tenant.marks = False
    desk, _ = await opened(tenant)
    ids = tuple(desk.snapshot.allocations)[:30]
    verb = BookTransactions(ids[:1])
    assert [said.kind for said in verb.cautions(desk.snapshot)] == ["not read yet"]
    prepared = await desk.prepare(verb)
    assert desk.snapshot.is_booked(ids[0]) is True
    assert [said.kind for said in verb.cautions(desk.snapshot)] == ["already booked"]
    assert any("booked already" in said.text for said in prepared.preview.soft)


async def test_a_reload_keeps_what_is_known_and_reads_it_anew() -> None:
    tenant = never_swept()
    desk, _ = await opened(tenant)
    while await desk.read_bookings():
        pass
    known = len(desk.snapshot.transactions)
    await desk.reload()
    assert len(desk.snapshot.transactions) == known
    assert len(desk.snapshot.bookings_due) == 100
    assert {desk.snapshot.is_booked(id) for id in desk.snapshot.allocations} == {True}


async def test_a_portfolio_that_fails_is_read_again_and_the_others_are_not() -> None:
    tenant = never_swept()
    desk, watch = await opened(tenant)
    tenant.refuses["/PF-007/"] = 403
    while await desk.read_bookings():
        pass
    assert not desk.snapshot.unread[EntityKind.TRANSACTIONS].permitted
    tenant.clear()
    tenant.refuses.clear()
    for _ in range(30):
        await watch.poll_desk(desk)
    assert tenant.calls["transactionportfolios/Portfolios"] <= 3
    assert not desk.snapshot.unread
    assert {desk.snapshot.is_booked(id) for id in desk.snapshot.allocations} == {True}


async def test_filters_of_bookings_are_as_long_as_the_server_takes_them() -> None:
    for longest, calls in ((16_384, 4), (300, 40)):
        tenant = SimulatedTenant(blocks=500, booked=40, portfolios=4, longest_filter=longest)
        desk, _ = desk_at(tenant)
        desk.learned.put("filter.length", 1500)
        await desk.load()
        assert len(desk.snapshot.transactions) == 120
        assert tenant.calls["transactionportfolios/Portfolios"] <= calls
        assert desk.learned.get("transactions.filter") is not False, "cut to what it takes"
