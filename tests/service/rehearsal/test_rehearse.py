"""A verb is tried before it is sent: what it tells, what it leaves alone, and how it may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.service.dealer import Dealer, moving_on, orders_of, placing, rid
from tests.service.rehearsal.exactness import unlike
from tui.api.base import ResourceId
from tui.api.requests import PlacementUpdateRequest
from tui.api.states import is_cancelled
from tui.oms.engine.engine import Engine
from tui.sandbox import sandboxes_for, sandboxes_of
from tui.service.desk import Desk
from tui.service.outcomes import Status
from tui.service.rehearsal import rehearse
from tui.service.rehearsal.neighbourhood import neighbourhood
from tui.service.rehearsal.rehearse import Rehearser, Sandbox
from tui.service.rehearsal.shares_after import share_table
from tui.service.rehearsal.state_after import state_after
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs import (
    Allocate,
    CancelOrders,
    MoveOrders,
    PlaceBlocks,
    UpdatePlacements,
)


def demo(code: str) -> ResourceId:
    return ResourceId("demo", code)


async def test_shares_are_known_for_an_order_that_was_cut(demo_desk: Desk, rehearser: Rehearser) -> None:
    verb = Allocate((demo("PLC-00026"),))
    tried = await rehearser.rehearse(verb, demo_desk.snapshot)
    report = await demo_desk.act(verb)
    assert [each.status for each in tried.outcomes] == [Status.DONE]
    assert unlike(tried, report, demo_desk.snapshot) == []


async def test_every_allocation_of_the_demo_is_known_before(demo_desk: Desk, rehearser: Rehearser) -> None:
    filled = [id for id in demo_desk.snapshot.placements if demo_desk.snapshot.executions_of_placement(id)]
    assert len(filled) > 20
    for id in filled:
        verb = Allocate((id,))
        tried = await rehearser.rehearse(verb, demo_desk.snapshot)
        assert unlike(tried, await demo_desk.act(verb), demo_desk.snapshot) == []


async def test_nothing_happens_on_the_desk(demo_desk: Desk, rehearser: Rehearser, demo_server: Any) -> None:
    before = demo_server.engine.store.last
    await rehearser.rehearse(CancelOrders(tuple(demo_desk.snapshot.orders)), demo_desk.snapshot)
    assert demo_server.engine.store.last == before


async def test_prices_that_wait_for_a_currency_are_known(demo_desk: Desk, rehearser: Rehearser) -> None:
    placements = demo_desk.snapshot.placements
    id = next(id for id, row in placements.items() if row.type == "Market" and not is_cancelled(row.state))
    without = UpdatePlacements(
        (PlacementUpdateRequest(id=id, type="Limit"), PlacementUpdateRequest(id=id, limit_price=Decimal(7)))
    )
    await demo_desk.act(without)
    assert demo_desk.snapshot.placements[id].limit_price is None
    verb = UpdatePlacements((PlacementUpdateRequest(id=id, currency="GBP"),))
    tried = await rehearser.rehearse(verb, demo_desk.snapshot)
    await demo_desk.act(verb)
    assert str(tried.after.placements[id].limit_price) == "7 GBP"
    assert tried.after.placements[id].limit_price == demo_desk.snapshot.placements[id].limit_price


async def test_what_is_bound_to_a_row_is_copied_and_nothing_else(dealer: Dealer) -> None:
    await dealer.trade()
    rows = neighbourhood(dealer.desk.snapshot, [Ref(EntityKind.EXECUTIONS, rid("EXE-1"))])
    assert set(rows.blocks) == {rid("BLK-1")}
    assert set(rows.orders) == {rid("ORD-1"), rid("ORD-2")}
    assert set(rows.placements) == {rid("PLC-1")}
    assert len(rows.allocations) == len(dealer.desk.snapshot.allocations) > 0


@pytest.fixture
async def at_desk(engine: Engine, dealer: Dealer) -> Any:
    made = Rehearser(sandboxes_of(engine))
    yield made
    await made.close()


async def test_the_state_after_is_told_in_units_and_money(dealer: Dealer, at_desk: Rehearser) -> None:
    await dealer.trade()
    await dealer.fill("EXE-2", "PLC-1", 40)
    tried = await at_desk.rehearse(Allocate((rid("PLC-1"),)), dealer.desk.snapshot)
    assert state_after(tried)[0] == (
        "BBG000B9XRY4 with ALBN: 100 of 100 executed units allocated to 2 orders · PLC-1"
    )
    shares = share_table(tried)
    assert shares is not None
    assert shares.titles == ("portfolio", "ordered", "share", "worth", "allocated after")
    assert shares.rows == (
        ("GROWTH", "100", "67", "12,696.50 USD", "67"),
        ("INCOME", "50", "33", "6,253.50 USD", "33"),
    )


async def test_whose_a_placing_will_be_is_told_once_all_of_it_is_filled(
    dealer: Dealer, at_desk: Rehearser
) -> None:
    await dealer.trade()
    tried = await at_desk.rehearse(PlaceBlocks((placing("PLC-9", "BLK-1", 50),)), dealer.desk.snapshot)
    shares = share_table(tried)
    assert shares is not None
    assert shares.titles == ("portfolio", "ordered", "share if all fills", "allocated then")
    assert shares.rows == (
        ("GROWTH", "100", "34", "74"),
        ("INCOME", "50", "16", "36"),
    )
    assert tried.after.executions == tried.before.executions, "nothing of it is told as done"


async def test_what_stays_and_what_moves_is_told(dealer: Dealer, at_desk: Rehearser) -> None:
    await dealer.trade()
    verb = moving_on("ORD-1", "BLK-9")
    tried = await at_desk.rehearse(verb, dealer.desk.snapshot)
    said = state_after(tried)
    assert "GROWTH: 67 units stay, 33 units move · ORD-1 → ORD-1R in BLK-9" in said
    assert "BBG000B9XRY4: new block, 1 order of 33 units · BLK-9" in said


async def test_each_refused_item_is_named_with_its_reason(dealer: Dealer, at_desk: Rehearser) -> None:
    await dealer.trade()
    verb = CancelOrders((rid("ORD-1"), rid("ORD-3")))
    tried = await at_desk.rehearse(verb, dealer.desk.snapshot)
    (refused,) = tried.refused
    assert refused.ref == Ref(EntityKind.ORDERS, rid("ORD-1"))
    assert "placed quantity 100 would exceed the remaining ordered quantity 50" in refused.reason
    assert tried.without_refused(verb) == CancelOrders((rid("ORD-3"),))


async def test_what_is_placed_twice_over_is_known_before(dealer: Dealer, at_desk: Rehearser) -> None:
    await dealer.create("BLK_1", ORD_1=50_000)
    tried = await at_desk.rehearse(PlaceBlocks((placing("PLC-1", "BLK-1", 60_000),)), dealer.desk.snapshot)
    assert "would exceed the 50000 still unplaced" in tried.refused[0].reason


async def test_a_desk_elsewhere_knows_its_own_instruments(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    elsewhere = Rehearser(sandboxes_for("latest"))
    fits = await elsewhere.rehearse(orders_of("BLK_1", {"ORD_2": 5}), dealer.desk.snapshot)
    assert [each.status for each in fits.outcomes] == [Status.DONE]
    other = await elsewhere.rehearse(orders_of("BLK_1", {"ORD_2": 5}, limit="191"), dealer.desk.snapshot)
    assert "limitPrice 191 USD, not 190 USD" in other.refused[0].reason
    await elsewhere.close()


async def test_the_first_five_hundred_items_are_rehearsed(dealer: Dealer, at_desk: Rehearser) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    many = MoveOrders(tuple(rid(f"ORD-{number}") for number in range(700)), rid("BLK-9"))
    tried = await at_desk.rehearse(many, dealer.desk.snapshot)
    assert (len(tried.outcomes), tried.left_out) == (500, 200)


class BrokenSandbox:
    """A sandbox whose disk is full, or that never answers."""

    def __init__(self, inside: Sandbox, wait_s: float) -> None:
        self.client = inside.client
        self._inside = inside
        self._wait_s = wait_s

    async def put(
        self, blocks: Collection[Any], rows: Collection[Any], transactions: Mapping[ResourceId, Any]
    ) -> None:
        await asyncio.sleep(self._wait_s)
        raise OSError("the disk is full")

    async def close(self) -> None:
        await self._inside.close()


@pytest.mark.parametrize(
    ("wait_s", "limit_s", "said"), [(0, 60, "the disk is full"), (60, 0.2, "longer than")]
)
async def test_a_rehearsal_that_fails_says_so(
    engine: Engine, dealer: Dealer, monkeypatch: pytest.MonkeyPatch, wait_s: float, limit_s: float, said: str
) -> None:
    monkeypatch.setattr(rehearse, "TIMEOUT_S", limit_s)

    async def broken(snapshot: Snapshot) -> Sandbox:
        return BrokenSandbox(await sandboxes_of(engine)(snapshot), wait_s)

    await dealer.create("BLK_1", ORD_1=100)
    failing = Rehearser(broken)
    tried = await failing.rehearse(CancelOrders((rid("ORD-1"),)), dealer.desk.snapshot)
    assert said in tried.failure
    assert tried.outcomes == ()
    await failing.close()
