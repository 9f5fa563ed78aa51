"""A desk reads what is live of a tenant with years of history, in few calls, whatever the server knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bench.simulated_tenant import SimulatedTenant
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tests.service.sync.partial_server import Watch
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.oms.http.app import ServerSettings
from tui.oms.http.call import Dialect
from tui.service.desk import Desk
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind

LIVE = 400
MONTH = timedelta(days=30)
READ = {
    EntityKind.BLOCKS: LIVE,
    EntityKind.ORDERS: 3 * LIVE,
    EntityKind.PLACEMENTS: LIVE,
}


def desk_at(tenant: SimulatedTenant, profile: DeskProfile = DEFAULT_PROFILE) -> tuple[Desk, Watch]:
    watch = Watch.now()
    http = Http("http://tenant/api", transport=asgi_transport(tenant))
    desk = Desk(Client(http), Environment("UAT", EnvironmentKind.TEST), profile=profile, now=watch)
    return desk, watch


def counts(desk: Desk) -> dict[EntityKind, int]:
    return {kind: len(desk.snapshot.rows(kind)) for kind in EntityKind if desk.snapshot.rows(kind)}


async def opened(tenant: SimulatedTenant, profile: DeskProfile = DEFAULT_PROFILE) -> tuple[Desk, Watch]:
    desk, watch = desk_at(tenant, profile)
    assert await desk.load(), desk.health.message
    return desk, watch


async def test_of_three_years_only_what_is_live_is_read_and_in_few_calls() -> None:
    tenant = SimulatedTenant()
    desk, _ = await opened(tenant)
    assert counts(desk) == READ
    assert desk.snapshot.complete
    assert tenant.requests <= 12
    assert tenant.rows < 2500, "hardly a row twice, and none of history"


async def test_a_tenant_ten_times_as_old_costs_no_more() -> None:
    young, old = SimulatedTenant(), SimulatedTenant(blocks=1_000_000)
    for tenant in (young, old):
        desk, _ = await opened(tenant)
        assert counts(desk) == READ
    assert old.calls == young.calls
    assert old.rows == young.rows


@pytest.mark.parametrize(
    "differs",
    [
        {"knows_switch": False},
        {"knows_switch": False, "dialect": "nested"},
        {"knows_switch": False, "unknown": ("isSwept",)},
        {"knows_switch": False, "dialect": "none"},
        {"tells_moment": False},
        {"unknown": ("state not in",)},
        {"unknown": ("createdDate", "state", "date ")},
        {"longest_filter": 200},
        {"longest_filter": 512},
        {"unknown": ("id.code in (",)},
        {"unknown": ("id.code",)},
    ],
    ids=str,
)
async def test_whatever_a_server_does_not_know_the_same_is_read(differs: dict[str, Any]) -> None:
    tenant = SimulatedTenant(blocks=1500, live=60, **differs)
    desk, watch = await opened(tenant)
    assert counts(desk) == {kind: rows * 60 // LIVE for kind, rows in READ.items()}
    tenant.fill(30)
    await watch.poll_desk(desk)
    assert len(desk.snapshot.executions) == 30
    filled = [row for row in desk.snapshot.blocks.values() if row.executed.quantity == 10]
    if differs.get("dialect") != "none":
        assert len(filled) == 30, "their totals are read too"
    tenant.clear()
    await desk.reload()
    assert desk.snapshot.complete
    assert len(desk.snapshot.blocks) == 60


async def test_blocks_that_do_not_say_whether_they_are_swept_are_told_by_their_state() -> None:
    usual = await seeded_server()
    older = await seeded_server(
        settings=ServerSettings(generation="2.1", dialect=Dialect(ignored=("includeSwept",)))
    )
    first = Dealer.at(asgi_transport(usual.app))
    second = Dealer.at(asgi_transport(older.app), generation="2.1")
    await first.desk.load()
    await second.desk.load()
    assert second.desk.snapshot.blocks.keys() == first.desk.snapshot.blocks.keys()
    for embedded, dealer in ((usual, first), (older, second)):
        await dealer.desk.client.close()
        await embedded.close()

    tenant = SimulatedTenant(blocks=1500, live=60, booked=20, marks_swept=False, knows_switch=False)
    desk, watch = await opened(tenant)
    months_old = {id for id, row in desk.snapshot.blocks.items() if row.block.created_date < watch() - MONTH}
    assert not months_old, "booked, and untouched for longer than the profile's days"
    booked = [row for row in desk.snapshot.blocks.values() if row.derived_state == "Booked"]
    assert len(booked) > 20, "what was booked lately is not taken for swept"
    for _ in range(13):
        await watch.poll_desk(desk)
    tenant.clear()
    for _ in range(13):
        await watch.poll_desk(desk)
    assert tenant.calls["ordergraph/blocks by id"] <= 2, "others are looked at once"


async def test_what_was_refused_is_not_asked_again() -> None:
    tenant = SimulatedTenant(knows_switch=False, longest_filter=300, unknown=("state not in",))
    desk, _ = await opened(tenant)
    first = tenant.requests
    tenant.clear()
    await desk.load()
    assert tenant.requests < first
    assert counts(desk) == READ


async def test_a_fill_is_seen_by_the_next_poll_in_few_calls() -> None:
    tenant = SimulatedTenant()
    desk, watch = await opened(tenant)
    await watch.poll_desk(desk)
    tenant.clear()
    tenant.fill()
    watch.time += timedelta(seconds=2)
    await desk.refresh()
    (fill,) = desk.snapshot.executions.values()
    block = desk.snapshot.placements[fill.placement_id].block_ids[0]
    assert desk.snapshot.blocks[block].executed.quantity == 10
    assert tenant.requests == 5 + 1


async def test_sixty_fills_in_thirty_scopes_take_four_filters_at_most() -> None:
    tenant = SimulatedTenant(scopes=30)
    desk, watch = await opened(tenant)
    tenant.clear()
    tenant.fill(60)
    watch.time += timedelta(seconds=2)
    await desk.refresh()
    assert len(desk.snapshot.executions) == 60
    by_id = sum(calls for name, calls in tenant.calls.items() if name.endswith("by id"))
    assert by_id <= 4
    assert tenant.requests <= 9


async def test_one_call_tells_a_quiet_tenant_from_a_busy_one() -> None:
    tenant = SimulatedTenant()
    desk, watch = await opened(tenant)
    for _ in range(10):
        watch.time += timedelta(seconds=2)
        await desk.refresh()
    tenant.clear()
    watch.time += timedelta(seconds=2)
    await desk.refresh()
    assert tenant.calls == {"metadata/asat": 1}
    tenant.fill()
    watch.time += timedelta(seconds=2)
    await desk.refresh()
    assert len(desk.snapshot.executions) == 1


async def test_changes_of_history_bring_nothing_of_it_in() -> None:
    tenant = SimulatedTenant()
    desk, watch = await opened(tenant)
    for number in range(50):
        tenant.change("blocks", number)
        tenant.change("placements", number)
        tenant.change("orders", number * 3)
        tenant.change("allocations", number * 3)
    for _ in range(15):
        await watch.poll_desk(desk)
    assert counts(desk) == READ


async def test_a_tenant_that_never_sweeps_is_read_as_far_as_it_is_active() -> None:
    tenant = SimulatedTenant(blocks=20_000, sweeps=False, portfolios=5)
    desk, watch = await opened(tenant)
    since = datetime.now(UTC) - timedelta(days=30)
    recent = [row for row in desk.snapshot.blocks.values() if row.block.created_date >= since]
    assert len(recent) == len(desk.snapshot.blocks)
    assert desk.snapshot.active_since is not None, "and it is said"
    assert abs(desk.snapshot.active_since - since) < timedelta(minutes=1)
    assert LIVE < len(desk.snapshot.blocks) < 1200, "a month of it"
    assert tenant.requests < 30

    tenant.change("blocks", 7)
    tenant.change("placements", 9)
    await watch.poll_desk(desk)
    codes = {id.code for id in desk.snapshot.blocks}
    assert {"BLK-0000007", "BLK-0000009"} <= codes, "they are active again"


async def test_where_blocks_are_swept_all_others_are_live_however_many_and_old() -> None:
    tenant = SimulatedTenant(blocks=6000, live=3000, opened=datetime.now(UTC) - timedelta(days=60))
    desk, _ = await opened(tenant)
    assert len(desk.snapshot.blocks) == 3000
    assert len(desk.snapshot.orders) == 9000


@pytest.mark.parametrize(
    "unknown", [("latestActivityDate",), ("latestActivityDate", "createdDate")], ids=["created", "none"]
)
async def test_without_a_date_of_activity_the_date_of_creation_does(unknown: tuple[str, ...]) -> None:
    tenant = SimulatedTenant(blocks=8_000, sweeps=False, unknown=unknown, portfolios=5)
    desk, _ = await opened(tenant)
    assert LIVE < len(desk.snapshot.blocks) < 700
    assert tenant.rows < 12_000


@pytest.mark.parametrize(
    "unknown", [("latestActivityDate",), ("latestActivityDate", "createdDate")], ids=["created", "none"]
)
async def test_an_old_block_that_is_worked_today_is_read_whatever_dates_a_server_tells(
    unknown: tuple[str, ...],
) -> None:
    tenant = SimulatedTenant(blocks=8_000, sweeps=False, unknown=unknown, portfolios=5)
    tenant.change("blocks", 5000)
    tenant.change("placements", 5001)
    desk, _ = await opened(tenant)
    for _ in range(2):
        codes = {id.code for id in desk.snapshot.blocks}
        assert {"BLK-0005000", "BLK-0005001"} <= codes
        orders = {id.code for id in desk.snapshot.orders}
        assert {"ORD-0005000-0", "ORD-0005001-2"} <= orders
        await desk.load()


async def test_a_profile_names_its_part_of_a_tenant() -> None:
    tenant = SimulatedTenant(scopes=4, portfolios=40)
    portfolio = ResourceId("Portfolios", "PF-003")
    desk, watch = await opened(tenant, DeskProfile(scopes=("desk01",), portfolios=(portfolio,)))
    assert desk.snapshot.blocks
    for row in desk.snapshot.blocks.values():
        assert row.block.id.scope == "desk01"
        assert portfolio in {detail.portfolio_id for detail in row.ordered.details}
    before = counts(desk)
    tenant.fill(LIVE)
    await watch.poll_desk(desk)
    assert len(desk.snapshot.executions) == before[EntityKind.PLACEMENTS]
    assert len(desk.snapshot.blocks) == before[EntityKind.BLOCKS]


async def test_a_filter_of_the_profile_is_asked_of_the_server() -> None:
    tenant = SimulatedTenant()
    named = "lusidInstrumentId eq 'LUID_00000107'"
    desk, _ = await opened(tenant, DeskProfile(filter=named))
    assert {row.block.lusid_instrument_id for row in desk.snapshot.blocks.values()} == {"LUID_00000107"}
    assert len(desk.snapshot.orders) == 3 * len(desk.snapshot.blocks)


async def test_of_portfolios_only_the_bookings_that_blocks_name_are_read() -> None:
    tenant = SimulatedTenant(others=5000, booked=4, portfolios=6)
    desk, _ = await opened(tenant)
    assert len(desk.snapshot.transactions) == 12
    assert all(row.allocation_id for row in desk.snapshot.transactions.values())
    assert tenant.rows < 3000, "of 30,000 transactions"


async def test_reconciliation_compares_the_window_and_not_the_tenant() -> None:
    tenant = SimulatedTenant(blocks=100_000)
    desk, watch = await opened(tenant)
    tenant.clear()
    rows = 0
    for _ in range(30):
        await watch.poll_desk(desk)
        rows = max(rows, tenant.rows)
    assert tenant.requests < 120, "a minute of polls and two rounds"
    assert tenant.rows < 3 * (3 * LIVE + 2 * LIVE)
    assert counts(desk) == READ


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(graph_filters="nested"),
        Dialect(max_filter=300),
        Dialect(ignored=("includeSwept",)),
        Dialect(ignored=("includeSwept",), graph_filters="nested", max_url=900),
    ],
    ids=["nested", "short", "ignored", "all of it"],
)
async def test_the_embedded_server_may_differ_as_others_do(dialect: Dialect) -> None:
    usual = await seeded_server()
    other = await seeded_server(settings=ServerSettings(dialect=dialect))
    first, second = (Dealer.at(asgi_transport(each.app)) for each in (usual, other))
    await first.desk.load()
    await second.desk.load()
    assert counts(second.desk) == counts(first.desk)
    assert not any(row.block.is_swept for row in second.desk.snapshot.blocks.values())
    for embedded, dealer in ((usual, first), (other, second)):
        await dealer.desk.client.close()
        await embedded.close()


async def test_what_others_do_brings_only_blocks_of_the_profile_in() -> None:
    tenant = SimulatedTenant(portfolios=40)
    portfolio = ResourceId("Portfolios", "PF-003")
    named = "lusidInstrumentId eq 'LUID_00000107'"
    for profile in (DeskProfile(portfolios=(portfolio,)), DeskProfile(filter=named)):
        desk, watch = await opened(tenant, profile)
        before = counts(desk)
        for number in range(tenant.first_live, tenant.first_live + 100):
            tenant.change("blocks", number)
        await watch.poll_desk(desk)
        assert counts(desk) == before
        assert all(row.block.version.as_at_version_number > 1 for row in changed_of(desk, tenant))
        for _ in range(8):
            tenant.clear()
            await watch.poll_desk(desk)
        assert tenant.calls["ordergraph/blocks by id"] <= 1, "others are not looked at again and again"


def changed_of(desk: Desk, tenant: SimulatedTenant) -> list[Any]:
    changed = {f"BLK-{number:07d}" for number in tenant.changed["blocks"]}
    return [row for row in desk.snapshot.blocks.values() if row.block.id.code in changed]


async def test_open_orders_of_many_portfolios_are_found_and_others_are_not_read() -> None:
    tenant = SimulatedTenant(live=1500, portfolios=100, loose=(("LOO-1", "PF-019"), ("LOO-2", "PF-050")))
    portfolios = tuple(ResourceId("Portfolios", f"PF-{number:03d}") for number in range(20))
    desk, watch = await opened(tenant, DeskProfile(portfolios=portfolios))
    loose = {row.id.code for row in desk.snapshot.orders.values() if row.id.code.startswith("LOO")}
    assert loose == {"LOO-1"}
    for _ in range(15):
        await watch.poll_desk(desk)
    tenant.clear()
    for _ in range(30):
        await watch.poll_desk(desk)
    assert tenant.calls["orders by id"] <= 2, "a minute"


async def test_a_server_that_ignores_the_filter_of_open_orders_is_not_read_whole() -> None:
    tenant = SimulatedTenant(blocks=20_000, ignored=("state",), loose=(("LOO-1", "PF-019"),))
    desk, watch = await opened(tenant)
    assert counts(desk)[EntityKind.ORDERS] == READ[EntityKind.ORDERS] + 1, "found by its date"
    tenant.clear()
    for _ in range(30):
        await watch.poll_desk(desk)
    assert tenant.rows < 20_000
