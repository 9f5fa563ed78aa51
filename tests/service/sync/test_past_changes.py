"""Stepping through the past: each step shows what a reader of that moment would see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec import to_builtins

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer, rid
from tests.service.sync.partial_server import PartialServer
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.columns.format import DisplayContext
from tui.columns.step_words import step_words
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.high_water_marks import newest_change
from tui.service.sync.past_rows import INSTANT
from tui.service.synced_desk import SyncedDesk
from tui.service.verbs import SweepBlocks

VERDICT = re.compile("[cC]ompliance|[aA]pproval")
START = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture
async def demo() -> AsyncIterator[AsyncBaseTransport]:
    """The demo desk of one afternoon, its market at rest."""
    embedded = await seeded_server(start=START)
    yield asgi_transport(embedded.app)
    await embedded.close()


def everything(snapshot: Snapshot) -> dict[Ref, object]:
    """Return all that all rows say."""
    found = ((Ref(kind, id), row) for kind in EntityKind for id, row in snapshot.rows(kind).items())
    return {ref: to_builtins(row) for ref, row in found}


def rows(snapshot: Snapshot) -> dict[Ref, object]:
    """Return what rows say but verdicts, which are no versions of rows."""
    return {ref: _without_verdicts(row) for ref, row in everything(snapshot).items()}


def _without_verdicts(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_verdicts(each) for key, each in value.items()}
        return {
            key: each for key, each in kept.items() if not re.search("[cC]ompliance|[aA]pproval", str(key))
        }
    return [_without_verdicts(each) for each in value] if isinstance(value, list | tuple) else value


async def in_past(server: AsyncBaseTransport, moment: datetime) -> Dealer:
    dealer = Dealer.at(server, now=lambda: START)
    await dealer.desk.load()
    assert await dealer.desk.travel(moment)
    return dealer


async def assert_as_read(server: AsyncBaseTransport, desk: SyncedDesk) -> None:
    """Compare a desk with one that reads its moment."""
    moment = desk.snapshot.as_at
    assert moment is not None
    other = (await in_past(server, moment)).desk
    seen, read = rows(desk.snapshot), rows(other.snapshot)
    assert seen.keys() == read.keys(), moment
    for ref, row in seen.items():
        assert row == read[ref], f"{ref.id} at {moment}"
    await other.client.close()


async def test_a_step_back_shows_what_was_there_and_the_way_on_what_came(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    desk, times = dealer.desk, [START]
    while await desk.step(forward=False):
        assert desk.snapshot.as_at is not None
        times.append(desk.snapshot.as_at)
        if len(times) % 20 == 0:
            await assert_as_read(demo, desk)
    assert len(times) > 150
    assert times == sorted(set(times), reverse=True), "each step goes to an earlier moment"
    assert not desk.snapshot.orders, "nothing was there before the first change"
    for steps in range(1, len(times)):
        assert await desk.step(forward=True)
        if steps % 40 == 0:
            await assert_as_read(demo, desk)
    for _ in range(30):
        assert not await desk.step(forward=True), "there is nothing after the last change"
    await assert_as_read(demo, desk)


async def test_a_step_on_from_any_moment_shows_what_came_next(demo: AsyncBaseTransport) -> None:
    desk = (await in_past(demo, START - timedelta(hours=1))).desk
    await desk.read_ahead()
    for steps in range(1, 10_000):
        if not await desk.step(forward=True):
            break
        if steps % 10 == 0:
            await assert_as_read(demo, desk)
    assert steps > 30
    await assert_as_read(demo, desk)


async def test_steps_over_changes_that_are_known_read_nothing(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START - timedelta(minutes=30))
    await dealer.desk.read_ahead()
    before = dealer.line.sent("", "GET")
    for _ in range(20):
        assert await dealer.desk.step(forward=False)
    for _ in range(20):
        assert await dealer.desk.step(forward=True)
    assert dealer.line.sent("", "GET") == before


async def test_ten_minutes_are_gone_through_and_hours_read_anew(demo: AsyncBaseTransport) -> None:
    desk = (await in_past(demo, START - timedelta(minutes=30))).desk
    for moment in (START - timedelta(minutes=40), START - timedelta(minutes=31), START - timedelta(hours=3)):
        assert await desk.move(moment)
        assert desk.snapshot.as_at == moment
        await assert_as_read(demo, desk)


async def test_a_step_that_cannot_be_read_leaves_the_desk_where_it_is(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    shown = dealer.desk.snapshot
    dealer.line.fail("unreachable", "", 100)
    assert not await dealer.desk.step(forward=False)
    assert dealer.desk.snapshot is shown
    assert "No connection" in dealer.desk.health.message
    dealer.line.mend()
    dealer.desk.client.http.try_now()
    assert await dealer.desk.step(forward=False)
    await assert_as_read(demo, dealer.desk)


async def test_a_moment_at_which_many_rows_changed_is_one_step(demo: AsyncBaseTransport) -> None:
    dealer = Dealer.at(demo)
    await dealer.create("BLK_MANY", **{f"ORD_{number}": 100 for number in range(200, 230)})
    await dealer.desk.load()
    changed = newest_change(dealer.desk.snapshot.orders.values())
    assert changed is not None
    await dealer.desk.travel(changed + timedelta(microseconds=1))
    before = len(dealer.desk.snapshot.orders)
    assert await dealer.desk.step(forward=False)
    assert len(dealer.desk.snapshot.orders) == before - 30
    assert await dealer.desk.step(forward=True)
    assert len(dealer.desk.snapshot.orders) == before


async def assert_wholly_as_read(server: AsyncBaseTransport, desk: SyncedDesk) -> None:
    """Compare a desk with one that reads its moment: all rows, verdicts included."""
    assert desk.snapshot.as_at is not None
    other = (await in_past(server, desk.snapshot.as_at)).desk
    seen, read = everything(desk.snapshot), everything(other.snapshot)
    assert seen.keys() == read.keys()
    assert seen == read
    await other.client.close()


async def test_at_rest_compliance_and_approval_are_those_of_the_moment(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    assert not dealer.desk.verdicts_behind, "what was just read is of its moment"
    for _ in range(60):
        assert await dealer.desk.step(forward=False)
    assert dealer.desk.verdicts_behind
    before = dealer.line.sent("", "GET")
    await dealer.desk.settle()
    assert dealer.line.sent("", "GET") - before <= 4, "only the window's blocks and open orders are read"
    assert not dealer.desk.verdicts_behind
    await assert_wholly_as_read(demo, dealer.desk)
    assert await dealer.desk.step(forward=False)
    assert dealer.desk.verdicts_behind


async def test_rows_deleted_later_are_there_again_where_somebody_rests(demo: AsyncBaseTransport) -> None:
    dealer = Dealer.at(demo)
    await dealer.trade()
    await dealer.desk.load()
    desk, client = dealer.desk, dealer.desk.client
    for allocation in [id for id in desk.snapshot.allocations if id.scope == "Desk"]:
        await client.allocations.delete(allocation)
    await client.executions.delete(rid("EXE-1"))
    await client.placements.delete(rid("PLC-1"))
    for order in ("ORD-1", "ORD-4"):
        await client.orders.delete(rid(order))
    await client.blocks.delete(rid("BLK-3"))
    await dealer.create("BLK_9", ORD_9=10)
    await desk.load()
    last = newest_change(desk.snapshot.orders.values())
    assert last is not None
    await desk.travel(last + INSTANT)
    assert rid("ORD-4") not in desk.snapshot.orders
    for _ in range(3):
        assert await desk.step(forward=False)
    await desk.settle()
    for kind, code in ((desk.snapshot.blocks, "BLK-3"), (desk.snapshot.executions, "EXE-1")):
        assert rid(code) in kind, "it was there at this moment"
    await assert_wholly_as_read(demo, desk)
    for _ in range(5):
        assert await desk.step(forward=False)
    await assert_as_read(demo, desk)
    said = list[str]()
    while await desk.step(forward=True):
        await assert_as_read(demo, desk)
        assert desk.past_step is not None
        said.append(step_words(desk.past_step, DisplayContext()).text)
    assert "Deleted: buy 60 AAPL (Apple) at 189.5 USD, with ALBN · EXE-1" in said, "from then on it is a step"
    assert rid("ORD-4") not in desk.snapshot.orders, "it left again"
    while await desk.step(forward=False):
        if desk.snapshot.as_at is not None and desk.snapshot.as_at < START:
            break
        await assert_as_read(demo, desk)


async def test_a_desk_that_moved_on_meanwhile_is_left_alone(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    for _ in range(3):
        assert await dealer.desk.step(forward=False)
    shown = dealer.desk.snapshot

    async def step_meanwhile(request: object) -> None:
        dealer.line.before = None
        assert await dealer.desk.step(forward=True)

    dealer.line.before = step_meanwhile
    await dealer.desk.settle()
    assert dealer.desk.snapshot is not shown
    assert dealer.desk.verdicts_behind
    await assert_as_read(demo, dealer.desk)


async def test_a_swept_block_leaves_with_its_sweep_and_comes_back_with_it(demo: AsyncBaseTransport) -> None:
    dealer = Dealer.at(demo)
    await dealer.trade()
    await dealer.fill("EXE-2", "PLC-1", 40)
    await dealer.create("BLK_8", ORD_8=5)
    await dealer.create("BLK_7", ORD_7=100)
    await dealer.place("PLC-7", "BLK-7", 100)
    await dealer.fill("EXE-7", "PLC-7", 100)
    await dealer.allocate("PLC-7")
    await dealer.desk.load()
    desk = dealer.desk
    booked = [id for id in desk.snapshot.allocations if id.code.startswith("PLC-7")]
    await dealer.book(*(id.code for id in booked))
    assert (await desk.act(SweepBlocks((rid("BLK-7"),), "2099-01-01T00:00:00Z"))).done
    await dealer.create("BLK_9", ORD_9=10)
    await desk.load()
    last = newest_change(desk.snapshot.orders.values())
    assert last is not None
    await desk.travel(last + INSTANT)
    assert rid("BLK-7") not in desk.snapshot.blocks
    for _ in range(9):
        assert await desk.step(forward=False)
        await assert_as_read(demo, desk)
        if desk.past_step is not None and desk.past_step.swept:
            assert rid("BLK-7") in desk.snapshot.blocks, "it was there until it was swept"
            assert any(row.allocation_id in booked for row in desk.snapshot.transactions.values())
    assert rid("PLC-7") not in desk.snapshot.placements, "gone back over its placing"
    while await desk.step(forward=True):
        await assert_as_read(demo, desk)
    assert rid("BLK-7") not in desk.snapshot.blocks


async def test_without_an_order_graph_steps_and_rests_show_the_same(demo: AsyncBaseTransport) -> None:
    server = PartialServer(demo)
    server.answer_with("ordergraph", lambda _: httpx.Response(404, json={"detail": "no such page"}))
    desk = (await in_past(server, START - timedelta(hours=1))).desk
    assert desk.snapshot.own_totals
    for _ in range(20):
        assert await desk.step(forward=False)
    await desk.settle()
    assert not desk.verdicts_behind
    await assert_wholly_as_read(server, desk)


async def test_reading_ahead_ends_though_the_clock_goes_on(demo: AsyncBaseTransport) -> None:
    desk = Dealer.at(demo).desk
    await desk.load()
    assert await desk.travel(datetime.now(UTC) - timedelta(seconds=5))
    async with asyncio.timeout(60):
        await desk.read_ahead()
        assert not await desk.step(forward=True), "nothing changed in the last seconds"
