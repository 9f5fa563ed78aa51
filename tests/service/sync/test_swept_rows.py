"""Blocks that were swept leave the desk with all below them, but not under anybody's hands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from tests.service.dealer import Dealer, rid
from tests.service.sync.partial_server import Watch, at
from tui.api.http import AsyncBaseTransport
from tui.service.desk import Desk
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs import SweepBlocks

BLOCK = rid("BLK-7")


@pytest.fixture
async def finished(server: AsyncBaseTransport, colleague: Dealer) -> tuple[Dealer, Watch]:
    """A dealer who watches while a colleague trades, books and sweeps a block; another one goes on."""
    await colleague.trade()
    await colleague.create("BLK_7", ORD_7=10)
    await colleague.place("PLC-7", "BLK-7", 10)
    await colleague.fill("EXE-7", "PLC-7", 10)
    await colleague.allocate("PLC-7")
    dealer, watch = at(server)
    await dealer.desk.load()
    await colleague.book(*(id.code for id in dealer.desk.snapshot.allocations_of_order(rid("ORD-7"))))
    report = await colleague.desk.act(SweepBlocks((BLOCK,), "2100-01-01T00:00:00Z"))
    assert report.done
    await watch.poll(dealer)
    assert dealer.desk.snapshot.blocks[BLOCK].block.is_swept
    assert dealer.desk.snapshot.transactions
    return dealer, watch


def of_block(snapshot: Snapshot) -> list[EntityKind]:
    """Return the kinds of which rows of the swept block are there."""
    return [kind for kind in EntityKind if any(id.code.endswith("-7") for id in snapshot.rows(kind))]


async def minutes(watch: Watch, desk: Desk, count: int = 2) -> None:
    for _ in range(count * 6):
        watch.time += timedelta(seconds=8)
        await watch.poll_desk(desk)


async def test_a_swept_block_leaves_with_all_below_it_and_nothing_else_does(
    finished: tuple[Dealer, Watch],
) -> None:
    dealer, watch = finished
    desk = dealer.desk
    assert of_block(desk.snapshot)
    await minutes(watch, desk)
    assert of_block(desk.snapshot) == []
    assert not desk.snapshot.transactions
    assert {id.code for id in desk.snapshot.blocks} == {"BLK-1", "BLK-2", "BLK-3"}
    assert (len(desk.snapshot.orders), len(desk.snapshot.placements)) == (4, 1)
    assert not desk.snapshot.contradictory
    await minutes(watch, desk, 1)
    assert of_block(desk.snapshot) == [], "polls do not bring it back"
    await desk.client.close()


async def test_it_stays_while_anything_of_it_is_looked_at(finished: tuple[Dealer, Watch]) -> None:
    dealer, watch = finished
    desk = dealer.desk
    in_use: list[Collection[Ref] | None] = [None]
    desk.in_use = lambda: in_use[0]
    await minutes(watch, desk)
    assert len(of_block(desk.snapshot)) > 3, "a dialog is open"
    in_use[0] = (Ref(EntityKind.ORDERS, rid("ORD-7")),)
    await minutes(watch, desk)
    assert len(of_block(desk.snapshot)) > 3, "the cursor is on its order"
    in_use[0] = ()
    await minutes(watch, desk)
    assert of_block(desk.snapshot) == []
    await desk.client.close()
