"""An open order of a block that is not on the desk brings its block in, and never seems to be in none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.bench.simulated_tenant import SimulatedTenant
from tests.service.sync.test_window import counts, opened
from tui.api.base import ResourceId
from tui.columns.panes import PANES
from tui.service.desk import Desk
from tui.service.desk_profile import DeskProfile
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import MoveOrders

OLD = 100
"""A block that was made months ago, and one of whose orders is open."""
AMENDED = ResourceId("desk00", f"ORD-{OLD:07d}-0")
BLOCK = ResourceId("desk00", f"BLK-{OLD:07d}")


def never_swept(**differs: Any) -> SimulatedTenant:
    given: dict[str, Any] = {"activity_counts_orders": False, "loose": (("LOO-1", "PF-003"),)}
    return SimulatedTenant(
        blocks=800, live=40, sweeps=False, portfolios=4, unfinished=(OLD,), **given | differs
    )


def unblocked(desk: Desk) -> set[str]:
    """Return the orders that are shown as in no block."""
    snapshot = desk.snapshot
    return {id.code for id in snapshot.orders if snapshot.block_of_order(id) is None} - {
        id.code for id in snapshot.maybe_blocked
    }


def has_old_block(desk: Desk) -> bool:
    """Return whether the old block is there with all that hangs on it."""
    snapshot = desk.snapshot
    return (
        snapshot.block_of_order(AMENDED) == BLOCK
        and len(snapshot.orders_of_block(BLOCK)) == 3
        and len(snapshot.placements_of_block(BLOCK)) == 1
    )


@pytest.mark.parametrize(
    "differs",
    [
        {},
        {"unknown": ("latestActivityDate",)},
        {"unknown": ("orderIds.code",)},
        {"activity_counts_orders": True},
    ],
    ids=str,
)
async def test_an_order_amended_before_the_desk_opened_is_in_its_old_block(differs: dict[str, Any]) -> None:
    tenant = never_swept(**differs)
    tenant.change("orders", OLD * 3)
    desk, watch = await opened(tenant)
    assert has_old_block(desk)
    assert unblocked(desk) == {"LOO-1"}
    assert not desk.snapshot.maybe_blocked
    await watch.poll_desk(desk)
    seen: list[bool] = []
    desk.subscribe(lambda update: seen.append(update.new.block_of_order(AMENDED) == BLOCK))
    await desk.reload()
    assert all(seen), "it does not leave for a moment"
    assert has_old_block(desk)
    assert unblocked(desk) == {"LOO-1"}


async def test_an_order_amended_below_an_old_block_brings_it_in() -> None:
    tenant = never_swept()
    desk, watch = await opened(tenant)
    assert BLOCK not in desk.snapshot.blocks
    tenant.change("orders", OLD * 3)
    await watch.poll_desk(desk)
    assert has_old_block(desk)
    tenant.clear()
    for _ in range(20):
        await watch.poll_desk(desk)
    assert tenant.calls["blocks"] <= 2, "it is asked once"
    assert has_old_block(desk)


async def test_where_the_server_does_not_tell_the_order_says_so_and_a_move_is_typed() -> None:
    tenant = never_swept(unknown=("orderIds",))
    tenant.change("orders", OLD * 3)
    desk, watch = await opened(tenant)
    await watch.poll_desk(desk)
    assert AMENDED in desk.snapshot.maybe_blocked
    assert unblocked(desk) == set()
    (pane,) = (each for each in PANES if each.kind is EntityKind.ORDERS)
    (column,) = (each for each in pane.columns if each.id == "block")
    assert column.value(desk.snapshot, desk.snapshot.orders[AMENDED]) == "?"
    moved = MoveOrders((AMENDED,), next(iter(desk.snapshot.blocks)))
    said = [warning for warning in desk.preview(moved).soft if warning.kind == "block not known"]
    assert [warning.typed for warning in said] == [True]


async def test_an_order_in_a_block_of_another_scope_is_not_of_this_desk() -> None:
    tenant = SimulatedTenant(
        blocks=300, live=40, scopes=2, orders_of_one_scope=True, loose=(("LOO-1", "PF-003"),)
    )
    desk, watch = await opened(tenant, DeskProfile(scopes=("desk00",)))
    assert unblocked(desk) == {"LOO-1"}
    assert all(desk.snapshot.block_of_order(id) or id.code == "LOO-1" for id in desk.snapshot.orders)
    before = counts(desk)
    watch.time += timedelta(minutes=1)
    for _ in range(15):
        await watch.poll_desk(desk)
    assert counts(desk) == before


async def test_a_desk_that_has_all_blocks_asks_for_none() -> None:
    tenant = SimulatedTenant(blocks=300, live=40, loose=(("LOO-1", "PF-003"),))
    desk, _ = await opened(tenant)
    assert unblocked(desk) == {"LOO-1"}
    assert "blocks" not in tenant.calls


async def test_of_a_tenant_that_leaves_orders_open_for_ever_only_recent_ones_are_read() -> None:
    tenant = SimulatedTenant(blocks=3000, live=40, marks=False, loose=(("LOO-1", "PF-003"),))
    tenant.closes_orders = False
    desk, watch = await opened(tenant)
    assert desk.snapshot.loose_since is not None, "and it is said"
    assert len(desk.snapshot.orders) < 500, "of 9,000"
    assert tenant.requests < 40
    for _ in range(3):
        await watch.poll_desk(desk)
    assert unblocked(desk) == {"LOO-1"}, "others are in blocks that are swept"
    assert len(desk.snapshot.orders) == 3 * 40 + 1
    tenant.clear()
    await desk.load()
    assert tenant.rows < 1500, "it is remembered"
